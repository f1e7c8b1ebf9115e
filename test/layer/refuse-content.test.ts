import { describe, expect, test } from 'vitest';
import { openContent } from '../../src/layer/content-reader.ts';
import type { LayerMember } from '../../src/layer/layer-entry.ts';
import { refuseContent } from '../../src/layer/refuse-content.ts';

const refused = ['hunter22', 'aHVudGVyMjI'].map((text) => ({
  bytes: Buffer.from(text),
  refusal: (path: string) => new Error(`found in ${path}`),
}));

function file(content: Uint8Array, more: Partial<LayerMember> = {}): LayerMember {
  return {
    path: 'etc/conf',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: content.length,
    mtime: { seconds: 0, nanoseconds: 0 },
    link: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: [],
    content: { kind: 'bytes', bytes: content },
    ...more,
  };
}

/** Reads all content in pieces of `size`, as a layer does that is being packed. */
function readAll(entry: LayerMember, size: number): string {
  let read = '';
  for (const each of refuseContent([entry], refused)) {
    if (each.type !== 'file') continue;
    const reader = openContent(each.content);
    const piece = Buffer.alloc(size);
    for (let got = reader.read(piece, 0, size); got > 0; got = reader.read(piece, 0, size)) {
      read += piece.toString('latin1', 0, got);
    }
    reader.close();
  }
  return read;
}

describe.each([1, 3, 4096])('read in pieces of %i', (size) => {
  test.each([
    ['plain', 'password=hunter22\n'],
    ['alone', 'hunter22'],
    ['base64', '{"auth":"aHVudGVyMjI="}'],
    ['behind much else', `${'hunter2 '.repeat(500)}hunter22`],
  ])('found: %s', (_title, content) => {
    expect(() => readAll(file(Buffer.from(content)), size)).toThrow('found in etc/conf');
  });

  test('other content passes as it is', () => {
    const content = 'hunter2 hunter hhunter2';
    expect(readAll(file(Buffer.from(content)), size)).toBe(content);
  });
});

test.each<[string, Partial<LayerMember>]>([
  ['name', { path: 'tmp/hunter22.txt' }],
  ['link target', { type: 'symlink', link: 'to-hunter22' }],
  ['attribute', { xattrs: [{ name: 'user.x', value: Buffer.from('is hunter22') }] }],
])('found in a %s', (_title, more) => {
  expect(() => readAll(file(Buffer.alloc(0), more), 8)).toThrow('found in');
});
