/** Contexts of a build that lie elsewhere: a git repository as the main one and as a named one, an archive as a named one. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { gitServer } from '../support/git-server.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a context that is fetched', (site) => {
  let server: Server;
  let url = '';

  beforeAll(async () => {
    await site.makeBusyboxBase();
    const repository = site.files('served', {
      Dockerfile: 'FROM strata-base/busybox\nCOPY . /c\nRUN ls -A /c > /said\n',
      'sub/inner': 'inner\n',
    });
    const date = '2001-02-03T04:05:06Z';
    const env = {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    };
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', repository, '-c', 'user.name=n', '-c', 'user.email=e', ...args], { env });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'one');
    git('update-server-info');
    execFileSync('tar', ['-C', join(repository, 'sub'), '-czf', site.path('served/.git/sub.tar.gz'), '.']);
    server = gitServer(repository);
    url = `http://${await listenOnLoopback(server)}`;
  });
  afterAll(() => server?.close());

  const byNamed = 'FROM strata-base/busybox\nCOPY --from=other . /c\nRUN ls -A /c > /said\n';
  /** What a build of the arguments says. */
  const said = async (name: string, args: readonly string[]) => {
    const out = site.path(`${name}.out`);
    await site.strataOk(['build', '--output', `type=local,dest=${out}`, ...args]);
    return readFileSync(join(out, 'said'), 'utf8');
  };
  const local = (name: string, Dockerfile: string) => site.files(name, { Dockerfile });

  test.each<[title: string, args: () => string[], want: string]>([
    ['a repository', () => [`${url}/r.git`], 'Dockerfile\nsub\n'],
    [
      'a repository with its history',
      () => ['--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', `${url}/r.git#main`],
      '.git\nDockerfile\nsub\n',
    ],
    [
      'a directory of a repository, named',
      () => ['--build-context', `other=${url}/r.git#main:sub`, local('by-git', byNamed)],
      'inner\n',
    ],
    [
      'an archive, named',
      () => ['--build-context', `other=${url}/sub.tar.gz`, local('by-archive', byNamed)],
      'inner\n',
    ],
    [
      'files that ADD checks out are as old as that',
      () => [
        local(
          'added',
          `FROM strata-base/busybox\nADD ${url}/r.git /r\nRUN cd /r && find sub/inner -mmin -60 > /said\n`,
        ),
      ],
      'sub/inner\n',
    ],
  ])('%s', async (title, args, want) => {
    expect(await said(title.replaceAll(/\W/g, '-'), args())).toBe(want);
  });
});
