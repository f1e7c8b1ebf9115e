import { describe, expect, test } from 'vitest';
import { parseAnnotation, parseHost, parseUlimit } from '../../../src/cli/flags/pairs.ts';
import { outcome, type Want } from './outcome.ts';

const annotation = (level: string, name: string, value: string) => ({
  level,
  name,
  value,
  platform: undefined,
});

describe('pairs', () => {
  const rows: [title: string, read: () => unknown, want: Want][] = [
    ['host', () => parseHost('db:10.0.0.5'), 'db:10.0.0.5'],
    ['host with =', () => parseHost('db=10.0.0.5'), 'db:10.0.0.5'],
    ['IPv6 host', () => parseHost('db:[::1]'), 'db:::1'],
    ['host without address', () => parseHost('db'), expect.stringMatching(/^bad-flag-value/)],
    [
      'host at something that only looks like an address',
      () => parseHost('a:b'),
      expect.stringMatching(/^bad-flag-value/),
    ],
    ['host of the gateway', () => parseHost('db:host-gateway'), 'db:host-gateway'],
    ['ulimit', () => parseUlimit('nofile=1024:2048'), 'nofile=1024:2048'],
    ['ulimit without value', () => parseUlimit('nofile'), expect.stringMatching(/^bad-flag-value/)],
    ['ulimit without end', () => parseUlimit('nproc=5:-1'), 'nproc=5:-1'],
    [
      'ulimit of nothing',
      () => parseUlimit('nofiles=1'),
      'bad-flag-value: --ulimit nofiles: unknown value | did you mean nofile?',
    ],
    [
      'ulimit above its own end',
      () => parseUlimit('nofile=-1:5'),
      expect.stringMatching(/soft limit is above/),
    ],
    ['annotation', () => parseAnnotation('a.B=c=d'), [annotation('manifest', 'a.B', 'c=d')]],
    [
      'annotation of the manifest',
      () => parseAnnotation('manifest:a=b:c'),
      [annotation('manifest', 'a', 'b:c')],
    ],
    [
      'annotation of several places',
      () => parseAnnotation('index,manifest-descriptor[linux/arm64/v8]:a='),
      [
        annotation('index', 'a', ''),
        { ...annotation('manifest-descriptor', 'a', ''), platform: 'linux/arm64' },
      ],
    ],
    [
      'annotation nowhere',
      () => parseAnnotation('tag:a=b'),
      expect.stringMatching(/^bad-annotation: .*"tag" is no place/),
    ],
    [
      'annotation without a name',
      () => parseAnnotation('index:=b'),
      expect.stringMatching(/^bad-flag-value/),
    ],
    ['annotation without a value', () => parseAnnotation('index:a'), expect.stringMatching(/^missing-value/)],
  ];
  test.each(rows)('%s', (_title, read, want) => {
    expect(outcome(read)).toEqual(want);
  });
});
