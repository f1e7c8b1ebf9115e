/** What only a real build shows of the language: each row is a Dockerfile and what its steps wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type SaidStage, saidRows, saidStages } from '../support/said-stages.ts';
import { describeBuilds } from '../support/site.ts';

/** [title, the lines under FROM, flags, what /said holds] */
const table: readonly (readonly [string, readonly string[], readonly string[], string])[] = [
  [
    'a proxy of the build wins over ENV',
    ['ENV HTTP_PROXY=of-env', 'RUN echo $HTTP_PROXY $http_proxy > /said'],
    ['--build-arg', 'HTTP_PROXY=http://given'],
    'http://given http://given\n',
  ],
  [
    'an empty proxy of the build is none',
    ['ENV HTTP_PROXY=of-env', 'RUN env | grep -i http_proxy > /said'],
    ['--build-arg', 'HTTP_PROXY='],
    'HTTP_PROXY=of-env\n',
  ],
  [
    'the group of a user whose --chown names an unknown one',
    [
      'COPY --chown=guest:nosuch Dockerfile /a',
      'COPY --chown=7:nosuch Dockerfile /b',
      'RUN stat -c %u:%g /a /b > /said',
    ],
    [],
    '1000:1000\n7:7\n',
  ],
  [
    'a mount whose source leads over links stays in its root',
    [
      'FROM strata-base/busybox AS made',
      'RUN mkdir -p /real/f && echo in > /real/f/x && ln -s /real /link && ln -s ../../../link/f /up',
      'FROM strata-base/busybox',
      'RUN --mount=from=made,source=/up,target=/t cat /t/x > /said',
    ],
    [],
    'in\n',
  ],
  [
    'the stage a number targets',
    ['RUN echo first > /said', 'FROM strata-base/busybox AS second', 'RUN echo second > /said'],
    ['--target', '0'],
    'first\n',
  ],
];

/** They ask for no flags of their own: one build does. */
const stages: readonly SaidStage[] = [
  ['a heredoc goes on behind a line that fails', ['RUN <<EOF', 'false', 'echo on > /said', 'EOF'], 'on\n'],
  [
    'a heredoc with #! is a program that cannot be changed',
    [
      'RUN <<EOF',
      '#!/bin/sh',
      'stat -c "%n %a" $0 > /said',
      '(echo >> $0) 2> /dev/null || echo read-only >> /said',
      'EOF',
    ],
    '/dev/pipes/EOF 755\nread-only\n',
  ],
  [
    'the heredocs of a COPY belong to root, and come after its paths',
    [
      'USER guest',
      'COPY <<seen seen /d/',
      'from the heredoc',
      'seen',
      'USER root',
      'RUN cat /d/seen > /said && stat -c "%a %u:%g" /d/seen >> /said',
    ],
    'from the heredoc\n644 0:0\n',
  ],
  [
    'the exec form finds its program on the PATH of ENV',
    ['RUN mkdir /own && ln -s /bin/busybox /own/touch', 'ENV PATH=/own', 'RUN ["touch", "/said"]'],
    '',
  ],
  [
    'ENTRYPOINT and CMD are not for steps',
    ['ENTRYPOINT ["/bin/false"]', 'CMD ["x"]', 'RUN echo ran > /said'],
    'ran\n',
  ],
  [
    '/run and /tmp are directories like others, /dev/shm is not',
    [
      'RUN mkdir -p /run && touch /run/x /tmp/x /dev/shm/x',
      'RUN ls /run/x /tmp/x > /said; ls /dev/shm >> /said',
    ],
    '/run/x\n/tmp/x\n',
  ],
  [
    'the variable of a secret that was not given is empty',
    ['RUN --mount=type=secret,id=absent,env=S env | grep ^S= > /said'],
    'S=\n',
  ],
  [
    'the variable of a secret wins over ENV and leaves no file',
    [
      'ENV S=x',
      'RUN --mount=type=secret,id=token,env=S printf $S | wc -c > /said; ls /run/secrets >> /said || true',
    ],
    '13\n',
  ],
  [
    'a secret may be a variable and a file',
    ['RUN --mount=type=secret,id=token,env=S,target=/t test "$(cat /t)" = "$S" && echo same > /said'],
    'same\n',
  ],
  [
    'SSH_AUTH_SOCK is the first of several agents, there or not',
    ['RUN --mount=type=ssh,id=b --mount=type=ssh,id=a echo $SSH_AUTH_SOCK > /said'],
    '/run/buildkit/ssh_agent.0\n',
  ],
  [
    'SSH_AUTH_SOCK of ENV stays',
    ['ENV SSH_AUTH_SOCK=/own', 'RUN --mount=type=ssh echo $SSH_AUTH_SOCK > /said'],
    '/own\n',
  ],
  [
    'a cache is known by its target as it is written',
    [
      'WORKDIR /a',
      'RUN --mount=type=cache,target=written touch written/x',
      'WORKDIR /b',
      'RUN --mount=type=cache,target=written ls written > /said',
    ],
    'x\n',
  ],
  [
    'an owner makes another cache of the same id',
    [
      'RUN --mount=type=cache,id=owned,target=/c touch /c/x',
      'RUN --mount=type=cache,id=owned,target=/c,uid=7,mode=0711 stat -c "%u:%g %a" /c > /said && ls /c >> /said',
    ],
    '7:0 711\n',
  ],
  [
    'a cache begins with the files of its source',
    [
      'RUN --mount=type=cache,id=s,target=/c,from=strata-base/busybox,source=/etc,uid=7 ls /c/passwd > /said; stat -c %u /c >> /said',
    ],
    '/c/passwd\n0\n',
  ],
  [
    'a cache with an owner and without a source begins empty',
    ['RUN --mount=type=cache,target=/c,from=strata-base/busybox,uid=7 ls /c | wc -l > /said'],
    '0\n',
  ],
  [
    'a mount without a target is at WORKDIR, and of the context what is not ignored',
    ['WORKDIR /w', 'RUN --mount=type=bind ls > /said'],
    'Dockerfile\n[id]\nseen\n',
  ],
  [
    'the source of a mount is no pattern',
    ['RUN --mount=source=[id],target=/m cat /m > /said'],
    'from a route\n',
  ],
  [
    'a tmpfs may be read-only',
    ['RUN --mount=type=tmpfs,target=/m,ro touch /m/x 2>&1 | grep -c Read-only > /said'],
    '1\n',
  ],
];

/** [title, a RUN, what the error says] */
const refused: readonly (readonly [string, string, string])[] = [
  ['the network of the host', 'RUN --network=host true', 'entitlement network.host is not allowed'],
  ['all rights', 'RUN --security=insecure true', 'entitlement security.insecure is not allowed'],
  ['a device', 'RUN --device=vendor.com/class=name true', 'entitlement device is not allowed'],
  ['no secret', 'RUN --mount=type=secret,id=absent,required true', 'secret absent: not found'],
  ['no agent', 'RUN --mount=type=ssh,required true', 'ssh default: no agent or key was given'],
  ['no source', 'RUN --mount=source=nothing,target=/t true', '"/nothing": not found'],
  [
    'no source in an image',
    'RUN --mount=from=strata-base/busybox,source=/nothing,target=/t true',
    '"/nothing": not found',
  ],
];

describeBuilds(sandboxNeeds, 'the language of Dockerfiles, built', (site) => {
  beforeAll(() => site.makeBusyboxBase());

  describe('in one build', () => {
    const out = () => site.path('stages.out');
    beforeAll(async () => {
      const context = site.files('stages', {
        Dockerfile: [...saidStages(stages), ''].join('\n'),
        '.dockerignore': 'hidden\n',
        hidden: '',
        '[id]': 'from a route\n',
        seen: 'from the context\n',
      });
      const secret = ['--secret', `id=token,src=${site.files('secrets', { token: 'correct-horse' })}/token`];
      await site.strataOk(['build', ...secret, '--output', `type=local,dest=${out()}`, context]);
    });

    test.each(saidRows(stages))('%s', (_title, file, said) => {
      expect(readFileSync(join(out(), file), 'utf8')).toBe(said);
    });
  });

  test.each(refused)('refused: %s', async (title, line, message) => {
    const name = `refused-${title.replaceAll(/\W/g, '-')}`;
    const context = site.files(name, { Dockerfile: `FROM strata-base/busybox\n${line}\n` });
    const { code, stderr } = await site.strata(['build', context]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  test.each(table)('%s', async (title, lines, flags, want) => {
    const name = title.replaceAll(/\W/g, '-');
    const context = site.files(name, { Dockerfile: ['FROM strata-base/busybox', ...lines, ''].join('\n') });
    const out = site.path(`${name}.out`);
    await site.strataOk(['build', ...flags, '--output', `type=local,dest=${out}`, context]);
    expect(readFileSync(join(out, 'said'), 'utf8')).toBe(want);
  });
});
