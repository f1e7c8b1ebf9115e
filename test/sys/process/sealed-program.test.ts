import { existsSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sealProgram } from '../../../src/sys/process/sealed-program.ts';
import { spawnProcess } from '../../../src/sys/process/spawn.ts';

test('a sealed program runs, and nobody can write to it, not even root', async () => {
  const { path, close } = await sealProgram('/bin/echo');
  const said: string[] = [];
  const result = await spawnProcess(path, ['it', 'runs'], {
    onStdout: (chunk) => void said.push(Buffer.from(chunk).toString()),
  });
  expect(result).toEqual({ kind: 'exited', code: 0 });
  expect(said.join('')).toBe('it runs\n');
  expect(() => openSync(path, 'w')).toThrow('EPERM');
  close();
  expect(existsSync(path)).toBe(false);
});

test('what cannot be read is not sealed, and leaves no descriptor', async () => {
  await expect(sealProgram('/nonexistent')).rejects.toMatchObject({ code: 'ENOENT' });
});
