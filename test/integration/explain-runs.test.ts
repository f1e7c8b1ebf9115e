/** Every reason there can be for a RUN to run, in the words that a person reads. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { misses } from '../support/misses.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'why a RUN ran', (site) => {
  const context = site.path('app');
  const dockerfile = 'FROM strata-base/busybox\nARG V=1\nARG NPM_TOKEN\nENV MODE=fast\nRUN true\n';
  const after = async (text: string, change: string, ...args: string[]): Promise<string[] | undefined> => {
    site.files('app', { Dockerfile: text, 'tools/a': 'a' });
    await site.strataOk(['build', '-q', '--secret', 'id=known,env=HOME', context]);
    site.files('app', { Dockerfile: change });
    const found = await misses(site, ['--secret', 'id=known,env=HOME', ...args, context]);
    return Object.values(found)[0];
  };
  beforeAll(() => site.makeBusyboxBase());

  test('flags of the build, all in one', async () => {
    const args = ['--build-arg', 'V=2', '--build-arg', 'NPM_TOKEN=x', '--network', 'none'];
    args.push('--add-host', 'db:10.0.0.1', '--ulimit', 'nofile=1024:2048');
    expect(await after(dockerfile, dockerfile, ...args)).toEqual([
      'build argument V changed from "1" to "2"',
      'build argument NPM_TOKEN is new (a secret: not shown)',
      '--network changed from "default" to "none"',
      '--add-host changed from "" to "db"',
      '--ulimit changed from "" to "nofile=1024:2048"',
    ]);
  });

  test('lines of the Dockerfile, all in one', async () => {
    const mounts = '--mount=type=cache,target=/c --mount=type=secret,id=known';
    const changed = dockerfile
      .replace('MODE=fast', 'MODE=slow DEBUG=1')
      .replace('RUN true', `USER 7\nWORKDIR /\nRUN ${mounts} true && true`);
    expect(await after(dockerfile, changed)).toEqual([
      'command changed from "true" to "true && true"',
      'environment variable MODE changed from "fast" to "slow"',
      'environment variable DEBUG is new: "1"',
      'USER changed from "" to "7"',
      'mount at /c is new: "cache"',
      'mount at /run/secrets/known is new: "secret"',
    ]);
    const shell = dockerfile.replace('RUN', 'SHELL ["/bin/busybox", "sh", "-c"]\nRUN');
    expect(await after(dockerfile, shell)).toEqual([
      'command changed from "true" to "/bin/busybox sh -c true"',
    ]);
  });

  test('another cache, and a secret that was not there', async () => {
    const mounts = 'RUN --mount=type=cache,id=one,target=/c --mount=type=secret,id=other true';
    const text = dockerfile.replace('RUN true', mounts);
    expect(await after(text, text.replace('one', 'two'))).toEqual([
      'mount at /c: id changed from "one" to "two"',
    ]);
    expect(await after(text, text, '--secret', 'id=other,env=HOME')).toEqual([
      'mount at /run/secrets/other: given changed from "missing" to "given"',
    ]);
  });

  test('a secret in a variable, without its value', async () => {
    const plain = dockerfile.replace('fast', 'keyless');
    const text = (value: string) => plain.replace('keyless', `keyless API_KEY=${value}`);
    expect(await after(text('hunter2'), text('hunter3'))).toEqual([
      'environment variable API_KEY changed (a secret: not shown)',
    ]);
    expect(await site.strataOk(['explain', '--json'])).not.toMatch(/hunter/);
    expect(await after(text('hunter2'), plain)).toEqual([
      'environment variable API_KEY is gone (a secret: not shown)',
    ]);
  });

  test('a heredoc, an agent that was not there, --security', async () => {
    const script = dockerfile.replace('RUN true', 'RUN <<-E\n\ttrue\n\tE');
    expect(await after(script, script.replace('\ttrue', '\ttrue a'))).toEqual([
      'command changed from "true\\n" to "true a\\n"',
    ]);
    const agent = dockerfile.replace('RUN true', 'RUN --mount=type=ssh true');
    const socket = createServer().listen(site.path('agent'));
    try {
      expect(await after(agent, agent, '--ssh', `default=${site.path('agent')}`)).toEqual([
        'mount at /run/buildkit/ssh_agent.0: given changed from "missing" to "given"',
      ]);
    } finally {
      socket.close();
    }
    const insecure = dockerfile.replace('RUN true', 'RUN --security=insecure true');
    expect(await after(dockerfile, insecure, '--allow', 'security.insecure')).toEqual([
      '--security changed from "sandbox" to "insecure"',
    ]);
  });

  test('files that a mount shows', async () => {
    const text = dockerfile.replace('RUN true', 'RUN --mount=source=tools,target=/t true');
    await after(text, text);
    site.files('app', { 'tools/a': 'other' });
    expect(Object.values(await misses(site, [context]))).toEqual([
      ['mounted at /t: tools/a changed: content (1 → 5 bytes)'],
    ]);
  });

  test('its base', async () => {
    const digests: string[] = [];
    for (const version of ['one', 'two']) {
      const base = site.files(`base-${version}`, {
        Dockerfile: 'FROM strata-base/busybox\nCOPY v /\n',
        v: version,
      });
      const file = site.path('metadata.json');
      await site.strataOk(['build', '-t', 'moving', '-t', version, '--metadata-file', file, base]);
      digests.push(digestIn(file));
      if (version === 'one') await after('FROM moving\nRUN true\n', 'FROM moving\nRUN true\n');
    }
    const [one = '', two = ''] = digests.map((digest) => digest.slice(0, 19));
    expect(Object.values(await misses(site, [context]))).toEqual([
      [`base image docker.io/library/moving:latest moved from ${one} to ${two}`],
    ]);
    expect(await after('FROM two\nRUN true\n', 'FROM one\nRUN true\n')).toBeUndefined();
    expect(await after('FROM two\nRUN echo\n', 'FROM one\nRUN echo\n')).toEqual([
      'base image changed from docker.io/library/two:latest to docker.io/library/one:latest',
    ]);
  });

  test('it failed the last time', async () => {
    const failing = site.files('failing', { Dockerfile: 'FROM strata-base/busybox\nRUN false\n' });
    expect(await misses(site, [failing])).toEqual({});
    expect((await site.strataOk(['explain'])).split('\n').slice(0, 3)).toEqual([
      'miss  [2/2] RUN false',
      '        never built before',
      '        and failed',
    ]);
    await misses(site, [failing]);
    expect((await site.strataOk(['explain'])).split('\n').slice(1, 3)).toEqual([
      '        failed before, so there is no result',
      '        and failed',
    ]);
  });
});

function digestIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)['containerimage.digest'] ?? '';
}
