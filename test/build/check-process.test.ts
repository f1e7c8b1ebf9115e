import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { type CheckedDirectory, openCheckedDirectory } from './checked.ts';

const launcher = join(projectDir, 'bin/strata');
let checked: CheckedDirectory;
beforeEach(() => {
  checked = openCheckedDirectory();
});
afterEach(() => checked.remove());

describe('strata check, as a process', () => {
  test('needs no root, no network and no store', () => {
    checked.write('Dockerfile', 'FROM debian:bookworm\nENV A b\n');
    chmodSync(checked.directory, 0o555);
    chmodSync(join(checked.directory, 'Dockerfile'), 0o444);
    // A network namespace of its own has no way out, not even loopback.
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const isRoot = process.geteuid?.() === 0;
    const command = isRoot
      ? ['unshare', '--net', 'setpriv', ...nobody, '--no-new-privs', launcher]
      : [launcher];
    const { status, stdout } = spawnSync(
      command[0] ?? '',
      [...command.slice(1), 'check', '--root', checked.root, checked.directory],
      { encoding: 'utf8' },
    );
    chmodSync(checked.directory, 0o755);
    expect(stdout).toMatch(/\[LegacyKeyValueFormat\]/);
    expect(status).toBe(1);
    expect(readdirSync(checked.directory).sort()).toEqual(['Dockerfile']);
  });
});
