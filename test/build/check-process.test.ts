import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
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

/** 300 lines of what Dockerfiles are made of, in 20 stages. */
const large = Array.from({ length: 20 }, (_, index) =>
  [
    `FROM debian:bookworm AS stage${index}`,
    'ARG VERSION=1.2',
    'WORKDIR /src',
    `ENV NAME=stage${index} FULL="\${NAME}-\${VERSION:-0}"`,
    'RUN apt-get update \\',
    '    && apt-get install -y --no-install-recommends \\',
    '       build-essential \\',
    '       curl \\',
    '    && rm -rf /var/lib/apt/lists/*',
    'COPY --chown=1:1 package.json package-lock.json ./',
    `RUN --mount=type=cache,target=/root/.cache,id=c${index} make`,
    'LABEL org.example.version=$VERSION',
    'EXPOSE 80/tcp',
    'CMD ["run"]',
    '',
  ].join('\n'),
).join('\n');

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

  test('loads nothing that only builds need', () => {
    checked.write('Dockerfile', large);
    const coverage = join(checked.directory, 'coverage');
    execFileSync(launcher, ['check', '--root', checked.root, checked.directory], {
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
      stdio: 'pipe',
    });
    const loaded = readdirSync(coverage).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8'));
      return result.map(({ url }: { url: string }) => url.replace(/.*\//, ''));
    });
    expect(loaded).toContain('strata.js');
    expect(loaded.filter((name) => /^check-/.test(name))).toHaveLength(1);
    expect(
      loaded.filter((name) =>
        /^(build|undici|ora|git-checkout|stream-context|find-in-store|out)-|koffi/.test(name),
      ),
    ).toEqual([]);
  });
});
