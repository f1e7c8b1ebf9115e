/** RUN --mount=type=ssh: the agent of the person, and agents for keys that are files, asked by a real `ssh-add`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram, sandboxNeeds } from '../support/capabilities.ts';
import { onceItRuns } from '../support/killed-build.ts';
import { leftovers } from '../support/leftovers.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'ssh-agent'], 'a build with ssh', (site) => {
  const socket = site.path('agent');
  let agent: ChildProcess;
  const fingerprints = new Map<string, string>();

  const makeKey = async (name: string) => {
    await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', site.path(name)]);
    const shown = await runOk('ssh-keygen', ['-l', '-f', site.path(name)]);
    fingerprints.set(name, shown.split(' ')[1] ?? '');
  };
  /** `ssh-add` of this machine with the libraries it is linked with, as a context to take it from. */
  const copyProgram = async (into: string) => {
    const program = findProgram('ssh-add') ?? '';
    const linked = await runOk('ldd', [program]);
    const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
    for (const path of [program, ...libraries]) {
      mkdirSync(join(into, dirname(path)), { recursive: true });
      cpSync(path, join(into, path), { dereference: true });
    }
  };
  /** The fingerprints that `ssh-add -l` shows in a step. */
  const build = async (mounts: string, args: readonly string[], env = {}) => {
    const context = site.files('context', {
      Dockerfile: `FROM strata-base/busybox\nCOPY --from=ssh / /\nRUN ${mounts} ssh-add -l\n`,
    });
    const options = ['--progress', 'plain', '--no-cache', '--build-context', `ssh=${site.path('program')}`];
    const { code, stderr } = await site.strata(['build', ...options, ...args, context], { env });
    return {
      code,
      keys: [...stderr.matchAll(/^#\d+ [0-9.]+ \d+ (SHA256:\S+)/gm)].map(([, key]) => key),
      stderr,
    };
  };

  beforeAll(async () => {
    await site.makeBusyboxBase();
    mkdirSync(site.path('program'));
    await copyProgram(site.path('program'));
    for (const name of ['held', 'one', 'two']) await makeKey(name);
    agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    for (let tries = 0; !existsSync(socket) && tries < 500; tries++) await delay(10);
    await runOk('ssh-add', ['-q', site.path('held')], { env: { SSH_AUTH_SOCK: socket } });
  });
  afterAll(() => agent.kill());

  const mount = '--mount=type=ssh,required';
  const file = (name: string) => site.path(name);

  test.each<[title: string, mounts: string, args: string[], env: Record<string, string>, want: string[]]>([
    ['the agent of the person', mount, ['--ssh', 'default'], { SSH_AUTH_SOCK: socket }, ['held']],
    ['an agent by its socket', mount, ['--ssh', `default=${socket}`], {}, ['held']],
    ['a key that is a file', mount, ['--ssh', `default=${file('one')}`], {}, ['one']],
    ['several keys', mount, ['--ssh', `default=${file('one')},${file('two')}`], {}, ['one', 'two']],
    ['an id', `${mount},id=x`, ['--ssh', `default=${socket}`, '--ssh', `x=${file('two')}`], {}, ['two']],
    [
      'another place for the socket',
      `${mount},target=/s/agent,mode=0666 [ $(stat -c %a /s/agent) = 666 ] && SSH_AUTH_SOCK=/s/agent`,
      ['--ssh', `default=${socket}`],
      {},
      ['held'],
    ],
  ])('%s', async (_title, mounts, args, env, want) => {
    const { code, keys, stderr } = await build(mounts, args, env);
    expect([code, keys], stderr).toEqual([0, want.map((name) => fingerprints.get(name))]);
  });

  test('an agent for a key that is a file ends with the build, also when that is killed', async () => {
    const context = site.files('killed', {
      Dockerfile: 'FROM strata-base/busybox\nRUN --mount=type=ssh echo it runs now; sleep 60\n',
    });
    const { code } = await site.strata(
      ['build', '--progress', 'plain', '--ssh', `default=${file('one')}`, context],
      onceItRuns((pid) => process.kill(pid, 'SIGKILL')),
    );
    expect(code).toBe(137);
    await site.strataOk(['build', site.files('next', { Dockerfile: 'FROM strata-base/busybox\n' })]);
    expect(await leftovers(site)).toEqual([]);
  });

  test('a mount that need not be there finds no agent', async () => {
    const { code, stderr } = await build('--mount=type=ssh', []);
    expect(code).toBe(1);
    expect(stderr).toContain('exit code: 2');
  });
});
