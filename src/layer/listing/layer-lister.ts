import { createHash } from 'node:crypto';
import type { BytePath } from '../../core/byte-path.ts';
import { type DiffID, digestFromHex } from '../../core/digest.ts';
import type { TarEntry } from '../../tar/entry.ts';
import { createTarParser } from '../../tar/parser.ts';
import { assertDiffID } from '../diff-id.ts';
import { inflateLayer } from '../inflate/inflate.ts';
import type { LayerEntry } from '../layer-entry.ts';
import { layerTime } from '../layer-time.ts';
import { cleanMemberPath } from '../upper/layer-path.ts';
import { readWhiteout } from '../whiteout.ts';
import type { ListedMember } from './layer-listing.ts';

/**
 * Reads a layer blob for its listing: decompressed and verified, nothing written.
 * @throws IntegrityError as `applyLayer` does
 */
export async function listLayer(blob: AsyncIterable<Uint8Array>, diffID: DiffID): Promise<ListedMember[]> {
  const hash = createHash('sha256');
  const members: ListedMember[] = [];
  const parser = createTarParser({
    entry(entry) {
      const member = memberOf(entry);
      if (member !== undefined) members.push(member);
    },
    data() {},
    entryEnd() {},
  });
  for await (const chunk of inflateLayer(blob)) {
    hash.update(chunk);
    parser.push(chunk);
  }
  parser.end();
  assertDiffID(digestFromHex(hash.digest('hex')), diffID);
  return members;
}

/** Passes entries on to whoever packs them, and lists them on the way. */
export function* listEntries(entries: Iterable<LayerEntry>, members: ListedMember[]): Generator<LayerEntry> {
  for (const entry of entries) {
    members.push(
      entry.type === 'delete'
        ? special(entry.path, 'delete')
        : listedMember({ ...entry, mtime: layerTime(entry.mtime) }, entry.path, entry.link),
    );
    yield entry;
  }
}

function memberOf(entry: TarEntry): ListedMember | undefined {
  const path = cleanMemberPath(entry.path);
  const whiteout = readWhiteout(path);
  if (whiteout === undefined) {
    return listedMember(entry, path, entry.type === 'hardlink' ? cleanMemberPath(entry.link) : entry.link);
  }
  return whiteout.kind === 'ignored' ? undefined : special(whiteout.path, whiteout.kind);
}

/** A member as a listing has it. @param path clean, as is the link of a hard link */
export function listedMember(entry: Omit<TarEntry, 'path'>, path: BytePath, link: BytePath): ListedMember {
  const { type, mode, uid, gid, size, mtime, devMajor, devMinor } = entry;
  const xattrs = entry.xattrs.map(
    ({ name, value }) => [name, Buffer.from(value).toString('latin1')] as const,
  );
  const { seconds: mtimeSeconds, nanoseconds: mtimeNanoseconds } = mtime;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    size,
    mtimeSeconds,
    mtimeNanoseconds,
    link,
    devMajor,
    devMinor,
    xattrs,
  };
}

function special(path: BytePath, type: 'delete' | 'opaque'): ListedMember {
  const nothing = { mode: 0, uid: 0, gid: 0, size: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
  return { path, type, ...nothing, link: '', devMajor: 0, devMinor: 0, xattrs: [] };
}
