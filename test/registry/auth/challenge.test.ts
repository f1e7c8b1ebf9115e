import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/registry/auth/challenge.ts';

describe('parseChallenges', () => {
  it.each<[string, [string, Record<string, string>][]]>([
    ['', []],
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    [
      'Bearer realm="https://auth.test/token",service="reg",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://auth.test/token', service: 'reg', scope: 'repository:a/b:pull,push' }]],
    ],
    [
      'BEARER Realm = "a" , Service=b, Basic realm="c"',
      [
        ['bearer', { realm: 'a', service: 'b' }],
        ['basic', { realm: 'c' }],
      ],
    ],
    ['Bearer realm="a\\"b, c=d"', [['bearer', { realm: 'a"b, c=d' }]]],
    [
      'Negotiate, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="unfinished', [['bearer', {}]]],
  ])('%s', (header, want) => {
    const got = parseChallenges(header).map((each) => [each.scheme, Object.fromEntries(each.parameters)]);
    expect(got).toEqual(want);
  });
});
