import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { abortOnSignals } from '../../src/cli/interrupt.ts';
import { StrataCommand } from '../../src/cli/strata-command.ts';
import { projectDir } from '../structure/imports.ts';
import { run } from '../support/process.ts';

const launcher = join(projectDir, 'bin/strata');

describe('bin/strata', () => {
  test('prints the version of the package', async () => {
    const { version } = JSON.parse(
      execFileSync('cat', [join(projectDir, 'package.json')], { encoding: 'utf8' }),
    );
    expect(await run(launcher, ['--version'])).toEqual({
      code: 0,
      stdout: `strata ${version}\n`,
      stderr: '',
    });
  });

  test('says what to do when it is not built', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'strata-launcher-'));
    try {
      mkdirSync(join(dir, 'bin'));
      for (const file of ['bin/strata', 'bin/package.json']) cpSync(join(projectDir, file), join(dir, file));
      cpSync(join(projectDir, 'package.json'), join(dir, 'package.json'));
      const got = await run(join(dir, 'bin/strata'), ['build', '.']);
      expect(got).toEqual({ code: 70, stdout: '', stderr: 'strata: not built yet: run "npm run build"\n' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('a reader that stops reading is no failure', async () => {
    const got = await run('sh', ['-c', `"${launcher}" --help | head -n 1; exit "$?"`]);
    expect(got).toMatchObject({ code: 0, stdout: 'Usage: strata [OPTIONS] COMMAND\n', stderr: '' });
  });
});

describe('signals', () => {
  function source() {
    const exits: number[] = [];
    const emitter = Object.assign(new EventEmitter(), {
      exit(code: number): never {
        exits.push(code);
        throw new Error('exited');
      },
    });
    return { emitter, exits };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('the first %s asks, the second ends', (name) => {
    const { emitter, exits } = source();
    let asked = 0;
    const { signal } = abortOnSignals(emitter, () => asked++);
    expect(signal.aborted).toBe(false);
    emitter.emit(name);
    expect({ aborted: signal.aborted, asked, exits }).toEqual({ aborted: true, asked: 1, exits: [] });
    expect(() => emitter.emit(name)).toThrow('exited');
    expect(exits).toEqual([130]);
  });

  test('afterwards signals are whose they were', () => {
    const { emitter } = source();
    abortOnSignals(emitter, () => {}).release();
    expect(emitter.listenerCount('SIGINT') + emitter.listenerCount('SIGTERM')).toBe(0);
  });
});

describe("boolean flags in Docker's form", () => {
  const rows: [args: string[], want: object][] = [
    [['--pull'], { pull: true }],
    [['--pull=true'], { pull: true }],
    [['--pull=1'], { pull: true }],
    [['--pull=false'], {}],
    [['-q=true'], { quiet: true }],
    [['--no-cache=true'], { cache: false }],
    [['--no-cache=false'], { cache: true }],
    [['--tag', '--pull=true'], { tag: '--pull=true' }],
    [['--tag=true'], { tag: 'true' }],
    [['--', '--pull=true'], { operands: ['--pull=true'] }],
  ];
  test.each(rows)('%j', (args, want) => {
    const command = new StrataCommand('x')
      .argument('[rest...]')
      .option('--pull')
      .option('-q, --quiet')
      .option('--no-cache')
      .option('-t, --tag <name>');
    command.parse(args, { from: 'user' });
    const { operands, ...options } = { cache: true, operands: [], ...want };
    expect(command.opts()).toEqual(options);
    expect(command.args).toEqual(operands);
  });

  test('a value that is neither is refused', () => {
    const command = new StrataCommand('x')
      .option('--pull')
      .exitOverride()
      .configureOutput({ writeErr() {} });
    expect(() => command.parse(['--pull=maybe'], { from: 'user' })).toThrow(/--pull=maybe/);
  });
});
