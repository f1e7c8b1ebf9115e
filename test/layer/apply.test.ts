import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { type DiffID, digestFromHex } from '../../src/core/digest.ts';
import { IntegrityError } from '../../src/core/errors.ts';
import { applyLayer } from '../../src/layer/apply.ts';
import { mediaTypes } from '../../src/oci/descriptor.ts';
import { statFile } from '../../src/sys/stat.ts';
import { readXattr, readXattrs } from '../../src/sys/xattr.ts';
import { describeWith } from '../support/capabilities.ts';
import { fileOf, type Member, memberOf, writeArchive } from '../tar/archive.ts';

const sha256 = (bytes: Uint8Array): DiffID => digestFromHex(createHash('sha256').update(bytes).digest('hex'));

async function* inPieces(bytes: Uint8Array, size = 1 << 20): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const directoryOf = (path: string) => memberOf({ path, type: 'directory', mode: 0o755 });
const symlinkOf = (path: string, link: string) => memberOf({ path, type: 'symlink', link, mode: 0o777 });
const hardlinkOf = (path: string, link: string) => memberOf({ path, type: 'hardlink', link });

describeWith(['root'], 'unpacking a layer', () => {
  let directory: string;
  let upper: string;
  let count = 0;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-apply-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    upper = join(directory, String(count++), 'upper');
    mkdirSync(upper, { recursive: true });
  });
  const at = (path: string) => join(upper, path);
  const text = (path: string) => readFileSync(at(path), 'utf8');
  const isWhiteout = (path: string) => {
    const stat = statFile(at(path));
    return stat?.type === 'char' && stat.devMajor === 0 && stat.devMinor === 0;
  };
  const isOpaque = (path: string) => readXattr(at(path), 'trusted.overlay.opaque') !== undefined;

  const apply = (tar: Uint8Array, blob: Uint8Array = tar, mediaType: string = mediaTypes.ociLayer) =>
    applyLayer(inPieces(blob), mediaType, upper, sha256(tar));
  const applyMembers = (...members: Member[]) => apply(writeArchive(members));
  const refused = (members: readonly Member[], code: string) =>
    expect(apply(writeArchive(members))).rejects.toMatchObject({ code, name: 'IntegrityError' });

  test('owner, mode, times and attributes, of directories too', async () => {
    const mtime = { seconds: 1000, nanoseconds: 7 };
    const xattrs = [{ name: 'user.x', value: new Uint8Array(Buffer.from('\0\xff', 'latin1')) }];
    await applyMembers(
      memberOf({ path: '.', type: 'directory', mode: 0o700, uid: 5, mtime }),
      memberOf({ path: 'd', type: 'directory', mode: 0o2775, uid: 1, gid: 2, mtime, xattrs }),
      fileOf('d/setuid', 'run', { mode: 0o6711, uid: 1000, gid: 3_000_000, mtime, xattrs }),
    );
    expect(statFile(upper)).toMatchObject({ mode: 0o700, uid: 5, mtime });
    expect(statFile(at('d'))).toMatchObject({ mode: 0o2775, uid: 1, gid: 2, mtime });
    expect(statFile(at('d/setuid'))).toMatchObject({
      mode: 0o6711,
      uid: 1000,
      gid: 3_000_000,
      mtime,
      size: 3,
    });
    for (const path of ['d', 'd/setuid']) expect(readXattrs(at(path))).toEqual(xattrs);
  });

  test('missing parents are made', async () => {
    await applyMembers(fileOf('a/b/c', 'x'));
    expect(text('a/b/c')).toBe('x');
    expect(statFile(at('a'))).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });

  describe('whiteouts', () => {
    test('delete names below', async () => {
      await applyMembers(fileOf('.wh.a', ''), fileOf('d/.wh.b', ''), fileOf('d/c', ''));
      expect([isWhiteout('a'), isWhiteout('d/b'), isOpaque('d')]).toEqual([true, true, false]);
      expect(readdirSync(at('d')).sort()).toEqual(['b', 'c']);
    });

    test.each([
      ['after', [fileOf('d/new', 'x'), fileOf('d/.wh..wh..opq', '')]],
      ['before', [fileOf('d/.wh..wh..opq', ''), fileOf('d/new', 'x')]],
    ])('make a directory opaque, said %s its content', async (_title, members) => {
      await applyMembers(directoryOf('d'), ...members);
      expect(isOpaque('d')).toBe(true);
      expect(readdirSync(at('d'))).toEqual(['new']);
    });

    test.each([
      ['before', [fileOf('.wh.f', ''), fileOf('f', 'kept')]],
      ['after', [fileOf('f', 'kept'), fileOf('.wh.f', '')]],
    ])('never hide what the same layer has: a file, deleted %s', async (_title, members) => {
      await applyMembers(...members);
      expect(text('f')).toBe('kept');
    });

    test.each([
      ['before', [fileOf('.wh.d', ''), directoryOf('d'), fileOf('d/f', 'kept')]],
      ['before, unsaid', [fileOf('.wh.d', ''), fileOf('d/f', 'kept')]],
      ['after', [directoryOf('d'), fileOf('d/f', 'kept'), fileOf('.wh.d', '')]],
    ])('never hide what the same layer has: a directory, deleted %s', async (_title, members) => {
      await applyMembers(...members);
      expect(text('d/f')).toBe('kept');
      // What is below of it is deleted.
      expect(isOpaque('d')).toBe(true);
    });

    test('book-keeping of AUFS is left out', async () => {
      await applyMembers(
        directoryOf('.wh..wh.plnk'),
        fileOf('.wh..wh.plnk/1.2', ''),
        fileOf('.wh..wh.aufs', ''),
      );
      expect(readdirSync(upper)).toEqual([]);
    });

    test.each(['.wh.', 'd/.wh.', '.wh..', 'd/.wh...', '.wh.d/f'])('of nothing: %s', async (path) => {
      await refused([fileOf(path, '')], 'layer-bad-path');
    });
  });

  describe('hostile names', () => {
    const outside = () => join(upper, '..');
    const nothingOutside = () => expect(readdirSync(outside())).toEqual(['upper']);

    test.each(['../evil', 'a/../../evil', 'a/..', '..', '/../evil'])('%s', async (path) => {
      await refused([fileOf(path, 'x')], 'layer-bad-path');
      nothingOutside();
    });

    test('an absolute name means the root of the image', async () => {
      await applyMembers(fileOf('/etc/passwd', 'x'), fileOf('//./b', 'y'));
      expect([text('etc/passwd'), text('b')]).toEqual(['x', 'y']);
    });

    test.each(['/etc', '../../../../etc', '/'])('through a symlink to %s', async (target) => {
      await applyMembers(symlinkOf('link', target), fileOf('link/strata-evil', 'x'));
      expect(existsSync(join('/etc/strata-evil'))).toBe(false);
      expect(existsSync('/strata-evil')).toBe(false);
      expect(text(target === '/' ? 'strata-evil' : 'etc/strata-evil')).toBe('x');
      nothingOutside();
    });

    test('through a chain of symlinks, one of which is replaced on the way', async () => {
      await applyMembers(
        directoryOf('real'),
        symlinkOf('a', 'b'),
        symlinkOf('b', 'real'),
        fileOf('a/one', '1'),
        symlinkOf('b', '/tmp'),
        fileOf('a/two', '2'),
      );
      expect([text('real/one'), text('tmp/two')]).toEqual(['1', '2']);
      nothingOutside();
    });

    test('a symlink that leads to itself', async () => {
      const members = [symlinkOf('loop', 'loop'), fileOf('loop/x', '')];
      await expect(applyMembers(...members)).rejects.toMatchObject({ code: 'too-many-symlinks' });
    });

    test('a file in place of a symlink does not follow it', async () => {
      writeFileSync(join(outside(), 'victim'), 'safe');
      await applyMembers(symlinkOf('f', '../victim'), fileOf('f', 'mine'));
      expect(readFileSync(join(outside(), 'victim'), 'utf8')).toBe('safe');
      expect(text('f')).toBe('mine');
    });

    test('a whiteout in a directory that is a symlink stays inside', async () => {
      await applyMembers(symlinkOf('d', '/srv'), fileOf('d/.wh.x', ''));
      expect(isWhiteout('srv/x')).toBe(true);
    });

    test.each([
      ['outside', '../victim', 'layer-bad-path'],
      ['missing', 'nowhere', 'layer-bad-path'],
      ['to a directory', 'd', 'layer-bad-path'],
    ])('a hard link %s', async (_title, target, code) => {
      writeFileSync(join(outside(), 'victim'), 'safe');
      await refused([directoryOf('d'), hardlinkOf('h', target)], code);
      expect(lstatSync(join(outside(), 'victim')).nlink).toBe(1);
    });

    test('a hard link through a symlink stays inside', async () => {
      await refused([symlinkOf('d', '/etc'), hardlinkOf('h', 'd/hostname')], 'layer-bad-path');
    });

    test('a hard link to a symlink is another name of the link', async () => {
      await applyMembers(symlinkOf('s', '/etc/passwd'), hardlinkOf('h', 's'));
      expect(readlinkSync(at('h'))).toBe('/etc/passwd');
    });

    test('a hard link to itself changes nothing', async () => {
      await applyMembers(fileOf('f', 'x'), hardlinkOf('f', 'f'));
      expect(text('f')).toBe('x');
    });

    test('a name beyond what a filesystem holds', async () => {
      await refused([fileOf('n'.repeat(256), '')], 'cannot-write-file');
    });

    test('a file where a directory has to be', async () => {
      await refused([fileOf('a', ''), fileOf('a/b', '')], 'layer-bad-path');
    });

    test('the root as a file, link or device', async () => {
      await refused([fileOf('/', 'x')], 'layer-bad-path');
      await refused([symlinkOf('.', '/etc')], 'layer-bad-path');
      await refused([memberOf({ path: './', type: 'fifo' })], 'layer-bad-path');
    });

    test("attributes of overlay, and labels of a machine's policy, are not believed", async () => {
      const value = new Uint8Array(Buffer.from('y'));
      const overlays = ['trusted.overlay.opaque', 'trusted.overlay.redirect', 'user.overlay.opaque'];
      const xattrs = [...overlays, 'security.selinux', 'security.evm'].map((name) => ({ name, value }));
      await applyMembers(memberOf({ path: 'd', type: 'directory', mode: 0o755, xattrs }));
      expect(readXattrs(at('d'))).toEqual([]);
    });
  });

  describe('a name that comes twice: the last one counts', () => {
    test.each<[title: string, members: Member[], check: () => void]>([
      [
        'a file over a file, other names of the first kept',
        [fileOf('f', 'old'), hardlinkOf('g', 'f'), fileOf('f', 'new')],
        () => expect([text('f'), text('g')]).toEqual(['new', 'old']),
      ],
      [
        'a file over a directory',
        [directoryOf('d'), fileOf('d/x', ''), fileOf('d', 'file')],
        () => expect(text('d')).toBe('file'),
      ],
      [
        'a directory over a file',
        [fileOf('d', 'file'), directoryOf('d'), fileOf('d/x', 'in')],
        () => expect(text('d/x')).toBe('in'),
      ],
      [
        'a directory over a directory keeps its content',
        [directoryOf('d'), fileOf('d/x', 'in'), memberOf({ path: 'd/', type: 'directory', mode: 0o700 })],
        () => expect([text('d/x'), statFile(at('d'))?.mode]).toEqual(['in', 0o700]),
      ],
      [
        'a directory over a symlink',
        [symlinkOf('d', '/etc'), directoryOf('d'), fileOf('d/x', 'in')],
        () => expect([text('d/x'), existsSync(at('etc'))]).toEqual(['in', false]),
      ],
      [
        'a fifo over a file, a file over a device',
        [
          fileOf('a', ''),
          memberOf({ path: 'a', type: 'fifo' }),
          memberOf({ path: 'b', type: 'char', devMajor: 1, devMinor: 3 }),
          fileOf('b', 'x'),
        ],
        () => expect([statFile(at('a'))?.type, text('b')]).toEqual(['fifo', 'x']),
      ],
    ])('%s', async (_title, members, check) => {
      await applyMembers(...members);
      check();
    });
  });

  describe('compression', () => {
    const tar = writeArchive([fileOf('f', 'hello\n'.repeat(400_000))]);
    const half = Math.floor(tar.length / 2);
    const blobs: [title: string, blob: Uint8Array][] = [
      ['none', tar],
      ['gzip', gzipSync(tar)],
      [
        'many members',
        Buffer.concat(
          [tar.subarray(0, 1000), tar.subarray(1000, half), tar.subarray(half)].map((part) => gzipSync(part)),
        ),
      ],
      [
        'a member each byte, at first',
        Buffer.concat(
          [...tar.subarray(0, 50)]
            .map((byte) => gzipSync(Buffer.of(byte)))
            .concat(gzipSync(tar.subarray(50))),
        ),
      ],
      ['stored', gzipSync(tar, { level: 0 })],
      ['padded with zeros', Buffer.concat([gzipSync(tar), Buffer.alloc(1000)])],
      ['an empty member at the end', Buffer.concat([gzipSync(tar), gzipSync(Buffer.alloc(0))])],
    ];
    test.each(blobs)('%s', async (_title, blob) => {
      for (const pieceSize of [1 << 20, 16_384, 1000]) {
        rmSync(upper, { recursive: true });
        mkdirSync(upper);
        await applyLayer(inPieces(blob, pieceSize), mediaTypes.ociLayerGzip, upper, sha256(tar));
        expect(text('f')).toBe('hello\n'.repeat(400_000));
      }
    });

    test('an empty layer, and an empty blob', async () => {
      await apply(Buffer.alloc(1024));
      await apply(Buffer.alloc(0));
      expect(readdirSync(upper)).toEqual([]);
    });

    const failing = (blob: Uint8Array, code: string) =>
      expect(apply(tar, blob)).rejects.toMatchObject({ code, name: 'IntegrityError' });
    test('cut short', async () => {
      await failing(gzipSync(tar).subarray(0, -20), 'layer-bad-compression');
      await failing(tar.subarray(0, 2_000_000), 'tar-truncated');
    });

    test('damaged', async () => {
      const blob = gzipSync(tar);
      blob.fill(0xff, 500, 520);
      await failing(blob, 'layer-bad-compression');
    });

    test('another layer than the image says', async () => {
      await failing(gzipSync(writeArchive([fileOf('g', 'x')])), 'diff-id-mismatch');
    });

    test('no layer at all', async () => {
      const applying = apply(tar, tar, 'application/vnd.cncf.helm.config.v1+json');
      await expect(applying).rejects.toMatchObject({ code: 'unknown-layer-type' });
    });

    test('zstd: an empty frame is not the layer', async () => {
      const frame = Buffer.from('28b52ffd0000010000', 'hex');
      await expect(apply(tar, frame, mediaTypes.ociLayerZstd)).rejects.toMatchObject({
        code: 'diff-id-mismatch',
      });
    });

    test('zstd that breaks off', async () => {
      const frame = Buffer.from('28b52ffd00000100', 'hex');
      await expect(apply(tar, frame, mediaTypes.ociLayerZstd)).rejects.toMatchObject({
        code: 'layer-bad-compression',
      });
    });
  });

  describe('large layers, in a thread', () => {
    /** More than fits one chunk, and hardly compressible. */
    const noise = (seed: number) => {
      const bytes = Buffer.alloc(3_000_000);
      let state = seed;
      for (let at = 0; at < bytes.length; at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[at] = state >>> 24;
      }
      return bytes.toString('latin1');
    };

    test('several at once', async () => {
      const uppers = [1, 2, 3].map((seed) => {
        const path = join(upper, String(seed));
        mkdirSync(path);
        return { path, tar: writeArchive([fileOf('d/f', noise(seed)), fileOf('d/g', 'small')]) };
      });
      await Promise.all(
        uppers.map(({ path, tar }) =>
          applyLayer(inPieces(gzipSync(tar)), mediaTypes.ociLayerGzip, path, sha256(tar)),
        ),
      );
      for (const [index, { path }] of uppers.entries()) {
        expect(readFileSync(join(path, 'd/f')).equals(Buffer.from(noise(index + 1), 'latin1'))).toBe(true);
      }
    });

    test('errors keep their class, code and hint', async () => {
      const tar = writeArchive([fileOf('f', noise(1)), fileOf('../evil', 'x')]);
      const error = await apply(tar).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(IntegrityError);
      expect(error).toMatchObject({ code: 'layer-bad-path', hint: expect.stringContaining('do harm') });
    });

    test('a blob damaged in the store says so, whatever it did to the archive, and is removed', async () => {
      const blobs = openBlobStore(join(upper, '../layout'), join(upper, '../ingest'));
      const tar = writeArchive([fileOf('f', noise(2))]);
      const info = await blobs.put(tar);
      const damaged = readFileSync(blobs.path(info.digest));
      damaged[150] = 0x55;
      writeFileSync(blobs.path(info.digest), damaged);
      await expect(
        applyLayer(blobs.open(info), mediaTypes.ociLayer, upper, sha256(tar)),
      ).rejects.toMatchObject({
        code: 'blob-damaged',
      });
      expect(blobs.has(info.digest)).toBe(false);
    });

    test('a source that fails is what fails', async () => {
      async function* failing() {
        yield Buffer.from(writeArchive([fileOf('f', noise(3))])).subarray(0, 2_500_000);
        throw new Error('connection lost');
      }
      const applying = applyLayer(failing(), mediaTypes.ociLayer, upper, sha256(Buffer.of()));
      await expect(applying).rejects.toThrow('connection lost');
    });
  });
});
