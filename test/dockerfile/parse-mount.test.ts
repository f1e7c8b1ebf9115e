import { describe, expect, test } from 'vitest';
import { checkMountSyntax, optionSpan, parseMount } from '../../src/dockerfile/parse/parse-mount.ts';
import { expandWord } from '../../src/dockerfile/words/expand.ts';

const env = new Map([
  ['DIR', '/from/env'],
  ['TYPE', 'cache'],
  ['N', '7'],
  ['COMMA', 'a,b'],
]);

function parse(raw: string, ordinal = 0) {
  const span = { start: 0, end: raw.length };
  return parseMount({ raw, span }, ordinal, (part) => expandWord(part, (name) => env.get(name), '\\'));
}

const bind = { type: 'bind', target: '', source: '/', isReadOnly: true };
const cache = { type: 'cache', target: '', source: '/', isReadOnly: false, id: '.', sharing: 'shared' };
const secret = { type: 'secret', isRequired: false, uid: 0, gid: 0, mode: 0o400 };
const ssh = {
  type: 'ssh',
  id: 'default',
  target: '/run/buildkit/ssh_agent.0',
  isRequired: false,
  uid: 0,
  gid: 0,
  mode: 0o600,
};

describe('--mount values', () => {
  test.each([
    // The examples of the reference
    ['target=src', { ...bind, target: 'src' }],
    ['type=bind,source=go.mod,target=go.mod', { ...bind, source: 'go.mod', target: 'go.mod' }],
    [
      'from=tools,src=/bin,dst=/tools,rw',
      { ...bind, from: 'tools', source: '/bin', target: '/tools', isReadOnly: false },
    ],
    ['type=cache,target=/root/.cache', { ...cache, target: '/root/.cache', id: '/root/.cache' }],
    ['type=cache,target=.cache', { ...cache, target: '.cache', id: '.cache' }],
    [
      'type=cache,id=apt,target=/var/cache/apt,sharing=locked',
      { ...cache, id: 'apt', target: '/var/cache/apt', sharing: 'locked' },
    ],
    ['type=tmpfs,target=/tmp,size=64m', { type: 'tmpfs', target: '/tmp', sizeBytes: 64 * 1024 * 1024 }],
    ['type=secret,id=aws', { ...secret, id: 'aws', target: '/run/secrets/aws' }],
    [
      'type=secret,id=aws,target=/root/.aws/credentials',
      { ...secret, id: 'aws', target: '/root/.aws/credentials' },
    ],
    ['type=secret,id=tok,env=TOKEN', { ...secret, id: 'tok', env: 'TOKEN' }],
    ['type=secret,target=/x/npmrc', { ...secret, id: 'npmrc', target: '/x/npmrc' }],
    ['type=ssh', ssh],
    // Defaults and other spellings
    ['type=bind', bind],
    ['type=cache', cache],
    ['TYPE=Cache,TARGET=/x', { ...cache, target: '/x', id: '/x' }],
    ['destination=/d,source=/s', { ...bind, target: '/d', source: '/s' }],
    ['type=cache,target=/a/../b/', { ...cache, target: '/a/../b/', id: '/b' }],
    ['type=cache,target=/a,id=', { ...cache, target: '/a', id: '/a' }],
    ['type=cache,target=/a,sharing=PRIVATE', { ...cache, target: '/a', id: '/a', sharing: 'private' }],
    ['type=cache,target=/a,ro', { ...cache, target: '/a', id: '/a', isReadOnly: true }],
    ['target=/a,readonly=false', { ...bind, target: '/a', isReadOnly: false }],
    ['target=/a,rw=0', { ...bind, target: '/a' }],
    ['target=/a,readwrite', { ...bind, target: '/a', isReadOnly: false }],
    ['target=/a,ro=T', { ...bind, target: '/a' }],
    [
      'type=cache,target=/a,uid=5',
      { ...cache, target: '/a', id: '/a', owner: { uid: 5, gid: 0, mode: 0o755 } },
    ],
    [
      'type=cache,target=/a,mode=0700,gid=6',
      { ...cache, target: '/a', id: '/a', owner: { uid: 0, gid: 6, mode: 0o700 } },
    ],
    ['type=cache,from=x,source=/s,target=/a', { ...cache, target: '/a', id: '/a', from: 'x', source: '/s' }],
    [
      'type=cache,from=x,source=/s,target=/a,uid=5,mode=0700',
      { ...cache, target: '/a', id: '/a', from: 'x', source: '/s' },
    ],
    ['type=tmpfs', { type: 'tmpfs', target: '' }],
    ['type=tmpfs,ro', { type: 'tmpfs', target: '', isReadOnly: true }],
    ['type=tmpfs,from=x,size=1g', { type: 'tmpfs', target: '', sizeBytes: 2 ** 30 }],
    ['type=secret,src=a/b', { ...secret, id: 'a/b', target: '/run/secrets/b' }],
    ['type=secret,id=a,env=E,target=/t', { ...secret, id: 'a', env: 'E', target: '/t' }],
    [
      'type=secret,id=a,required,uid=1,gid=2,mode=0440',
      { ...secret, id: 'a', target: '/run/secrets/a', isRequired: true, uid: 1, gid: 2, mode: 0o440 },
    ],
    ['type=secret,id=a,required=false', { ...secret, id: 'a', target: '/run/secrets/a' }],
    ['type=ssh,id=k,target=/s,required=true', { ...ssh, id: 'k', target: '/s', isRequired: true }],
    ['type=ssh,mode=0666', { ...ssh, mode: 0o666 }],
    // CSV
    ['"target=/a,b"', { ...bind, target: '/a,b' }],
    ['type=bind,"target=/a ""b"""', { ...bind, target: '/a b' }],
    // Expansion, everywhere but in from
    [`type=$TYPE,target=\${DIR}/x`, { ...cache, target: '/from/env/x', id: '/from/env/x' }],
    [
      'type=cache,target=/c,uid=$N',
      { ...cache, target: '/c', id: '/c', owner: { uid: 7, gid: 0, mode: 0o755 } },
    ],
    ['target=$COMMA', { ...bind, target: 'a,b' }],
    ['target=$UNSET', bind],
    ['from=a$,target=/x', { ...bind, from: 'a$', target: '/x' }],
  ])('%s', (raw, mount) => expect(parse(raw)).toEqual({ ok: true, mount }));

  test('ssh sockets are numbered', () => {
    expect(parse('type=ssh', 2)).toMatchObject({ mount: { target: '/run/buildkit/ssh_agent.2' } });
  });
});

describe('wrong --mount values', () => {
  test.each([
    ['type=foo,target=/x', 'unsupported mount type "foo"', 'it is one of bind'],
    ['type=cahce', 'unsupported mount type "cahce"', 'did you mean cache?'],
    ['type=cache,target=/c,sharing=x', 'unsupported sharing value "x"', 'shared, private, locked'],
    ['target', 'invalid field "target" must be a key=value pair', undefined],
    ['', 'invalid field "" must be a key=value pair', undefined],
    ['tagret=/x', 'unexpected key "tagret" in "tagret=/x"', 'did you mean target?'],
    ['type=cache,constructor=1', 'unexpected key "constructor"', undefined],
    ['required,type=secret,id=x', 'unexpected key "required" for mount type "bind"', 'behind type=secret'],
    ['size=1m,type=tmpfs', 'unexpected key "size" for mount type "bind"', 'behind type=tmpfs'],
    ['type=tmpfs,size=big', 'invalid value for size: big', 'bytes'],
    ['target=/x,ro=maybe', 'invalid value for ro: maybe', 'true or false'],
    ['type=secret,id=a,required=yes', 'invalid value for required: yes', undefined],
    ['type=cache,mode=0888', 'invalid value 0888 for mode', 'octal'],
    ['type=cache,uid=root', 'invalid value root for uid', 'number'],
    ['type=cache,gid=-1', 'invalid value -1 for gid', undefined],
    ['type=bind,uid=1', 'uid not allowed for "bind" type mounts', undefined],
    ['type=bind,mode=0700', 'mode not allowed for "bind" type mounts', undefined],
    ['type=bind,gid=1', 'gid not allowed for "bind" type mounts', undefined],
    ['type=tmpfs,mode=0700', 'mode not allowed for "tmpfs" type mounts', undefined],
    ['type=tmpfs,uid=1', 'uid not allowed for "tmpfs" type mounts', undefined],
    ['type=tmpfs,sharing=shared', 'invalid cache sharing set for tmpfs mount', undefined],
    ['type=cache,size=1m', 'unexpected key "size" for mount type "cache"', 'behind type=tmpfs'],
    ['type=cache,required', 'unexpected key "required" for mount type "cache"', 'behind type=secret'],
    ['type=tmpfs,required=true', 'unexpected key "required" for mount type "tmpfs"', undefined],
    ['type=bind,sharing=locked', 'invalid cache sharing set for bind mount', undefined],
    ['type=secret', 'one of source, target required', undefined],
    ['type=secret,id=a,source=b', "both source and id can't be set", undefined],
    ['type=secret,id=a,from=b', 'secret mount should not have a from', undefined],
    ['type=secret,id=a,sharing=locked', 'invalid cache sharing set for secret mount', undefined],
    ['type=ssh,source=a', 'ssh mount does not support source', undefined],
    ['type=ssh,sharing=shared', 'invalid cache sharing', undefined],
    ['target="a', 'not a CSV record: bare "', undefined],
    ['"target=a', 'not a CSV record: a quoted field is not closed', undefined],
    ['"target=a"b', 'not a CSV record: extra text', undefined],
    [`target=\${X?gone}`, 'X: gone', undefined],
    ["target='x", 'matching single-quote', undefined],
  ])('%s', (raw, message, help) => {
    const parsed = parse(raw);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(message) });
    if (help !== undefined) expect(parsed).toMatchObject({ help: expect.stringContaining(help) });
  });
});

describe('the place of what is wrong', () => {
  const place = (raw: string, inFile = raw) => {
    const word = { raw, span: { start: 4, end: 4 + inFile.length } };
    const parsed = parseMount(word, 0, (part) => expandWord(part, (name) => env.get(name), '\\'));
    const { start, end } = parsed.ok ? optionSpan(word, ['from']) : parsed.span;
    return inFile.slice(start - 4, end - 4);
  };

  test.each([
    ['type=cache,sharing=x,target=/c', 'sharing=x'],
    ['type=cache,"targte=/a,b",id=c', '"targte=/a,b"'],
    ['type=bind,target=/x,MODE=0700,ro', 'MODE=0700'],
    ['type=secret,id=a,from=b,target=/t', 'from=b'],
    ['type=ssh,src=a,required', 'src=a'],
    ['target=/x,readonly,ro=maybe', 'ro=maybe'],
    ['from=a,target=/x,from=b', 'from=b'],
    // Of which there is no one option
    ['type=secret', 'type=secret'],
    ['type=cache,', 'type=cache,'],
    ['target="a', 'target="a'],
  ])('%s', (raw, want) => expect(place(raw)).toBe(want));

  test('is all of the word where the file has quotes that are none of the value', () => {
    expect(place('type=cache,sharing=x', '"type=cache,sharing=x"')).toBe('"type=cache,sharing=x"');
  });
});

test.each([
  ['from=stage,target=/x', true],
  ['from=,target=/x', true],
  ['from=$X,target=/x', false],
  ['FROM=a$b', false],
  ['from=a$', true],
  ['type=$T,target=$X', true],
  ['tagret=/x', true],
  ['"target=/x', false],
])('known before anything is expanded: %s', (raw, isSound) => {
  const word = { raw, span: { start: 0, end: raw.length } };
  expect(checkMountSyntax(word) === undefined).toBe(isSound);
});
