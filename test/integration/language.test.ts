/** What only a real build shows of the language: each row is a Dockerfile and what its steps wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
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
    'the stage a number targets',
    ['RUN echo first > /said', 'FROM strata-base/busybox AS second', 'RUN echo second > /said'],
    ['--target', '0'],
    'first\n',
  ],
];

describeBuilds(sandboxNeeds, 'the language of Dockerfiles, built', (site) => {
  beforeAll(() => site.makeBusyboxBase());

  test.each(table)('%s', async (title, lines, flags, want) => {
    const name = title.replaceAll(/\W/g, '-');
    const context = site.files(name, { Dockerfile: ['FROM strata-base/busybox', ...lines, ''].join('\n') });
    const out = site.path(`${name}.out`);
    await site.strataOk(['build', ...flags, '--output', `type=local,dest=${out}`, context]);
    expect(readFileSync(join(out, 'said'), 'utf8')).toBe(want);
  });
});
