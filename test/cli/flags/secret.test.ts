import { describe, expect, test } from 'vitest';
import { parseSecret, parseSsh } from '../../../src/cli/flags/secret.ts';
import { outcome, type Want } from './outcome.ts';

describe('--secret', () => {
  const env = { TOKEN: 'x' };
  const rows: [text: string, want: Want][] = [
    ['id=a,src=f', { id: 'a', source: 'f' }],
    ['id=a,source=f', { id: 'a', source: 'f' }],
    ['id=a,env=B', { id: 'a', env: 'B' }],
    ['type=env,id=a,src=B', { id: 'a', env: 'B' }],
    ['type=file,id=TOKEN', { id: 'TOKEN', source: 'TOKEN' }],
    ['id=TOKEN', { id: 'TOKEN', env: 'TOKEN' }],
    ['id=file', { id: 'file', source: 'file' }],
    ['src=f', 'bad-secret: --secret src=f: id is missing | for example id=token,src=token.txt'],
    ['id=a,sorce=f', 'unknown-key: --secret id=a,sorce=f: unknown key "sorce" | did you mean source?'],
    ['id=a,src=', 'missing-value: --secret id=a,src=: src needs a value | write src=…'],
    [
      'id=a,src=f,env=B',
      'bad-secret: --secret id=a,src=f,env=B: src and env are both given | give one of them',
    ],
    ['id=a,type=dir', 'bad-secret: --secret id=a,type=dir: unknown type "dir" | the types are file and env'],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseSecret(text, env))).toEqual(want);
  });
});

describe('--ssh', () => {
  const rows: [text: string, want: Want][] = [
    ['default', { id: 'default', paths: [] }],
    ['deploy=/a,/b', { id: 'deploy', paths: ['/a', '/b'] }],
    ['=x', expect.stringMatching(/^bad-ssh: .*the id is empty/)],
    ['a=', expect.stringMatching(/^bad-ssh: .*a path is empty/)],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseSsh(text))).toEqual(want);
  });
});
