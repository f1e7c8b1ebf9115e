import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { unmount } from '../../src/sys/mount/mount.ts';
import { enterMountNamespace } from '../../src/sys/mount/mount-namespace.ts';
import { makeNetworkNamespace } from '../../src/sys/network-namespace.ts';
import { spawnProcess } from '../../src/sys/process/spawn.ts';

test('a namespace of its own is shown, and this thread is where it was', async () => {
  enterMountNamespace();
  const directory = mkdtempSync(join(tmpdir(), 'strata-network-'));
  const path = join(directory, 'network');
  const own = readlinkSync('/proc/thread-self/ns/net');
  await makeNetworkNamespace(path);
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(own);
  const said: string[] = [];
  const script = 'readlink /proc/self/ns/net; tail -n +3 /proc/net/dev | cut -d: -f1';
  await spawnProcess('nsenter', [`--net=${path}`, 'sh', '-c', script], {
    onStdout: (chunk) => void said.push(Buffer.from(chunk).toString()),
  });
  const [inside, ...interfaces] = said
    .join('')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  expect(inside).toMatch(/^net:\[\d+\]$/);
  expect(inside).not.toBe(own);
  expect(interfaces).toContain('lo');
  expect(interfaces).not.toContain('eth0');
  await expect(makeNetworkNamespace(path)).rejects.toMatchObject({ code: 'EEXIST' });
  unmount(bytePathFromText(path));
  rmSync(directory, { recursive: true });
});
