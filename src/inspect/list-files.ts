import { type BytePath, bytePathToText, cleanBeneath, compareBytes } from '../core/byte-path.ts';
import type { Timestamp } from '../core/file-tree.ts';
import type { FileChange, Stack } from './stack-layers.ts';
import type { Aspect } from './tree/aspects.ts';
import type { LayerFile } from './tree/layer-tree.ts';

/** A file as reports and `--json` show it. */
export interface FileReport {
  /** Absolute; bytes that are not UTF-8 show as U+FFFD. */
  readonly path: string;
  /** The path's bytes in base64, where `path` does not tell them. */
  readonly pathBytes?: string;
  readonly type: LayerFile['type'];
  /** Octal, four digits: `0755`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** RFC 3339 in UTC, with as many digits as there are. */
  readonly mtime: string;
  /** Target of a symlink, or the path that a hard link repeats. */
  readonly link?: string;
  /** `major:minor`. */
  readonly device?: string;
  readonly xattrs?: readonly string[];
  /** Of a regular file's content. */
  readonly sha256?: string;
  /** Index of the layer it comes from; of a file that is removed, the one that had it. */
  readonly layer: number;
  /** What that layer did to the path, or for a list of one layer what the layer did; null where nobody said. */
  readonly change: FileChange['kind'] | null;
  /** What a change concerns; none for a file stored again as it was. */
  readonly aspects: readonly Aspect[];
}

/** The finished filesystem, each directory followed by what lies in it. */
export function listMergedFiles({ layers, merged }: Stack): FileReport[] {
  const changes = new Map<BytePath, FileChange>();
  for (const layer of layers) for (const change of layer.changes) changes.set(change.path, change);
  // A directory may come from a layer that only touched it, and then nothing is told of it.
  const changeOf = (path: BytePath, layer: number) => {
    const change = changes.get(path);
    return change?.after?.layer === layer ? change : undefined;
  };
  return inTreeOrder([...merged.entries()]).map(([path, { file, layer }]) =>
    reportFile(path, file, layer, changeOf(path, layer)),
  );
}

/** What one layer adds, changes and removes. */
export function listLayerFiles({ layers }: Stack, index: number): FileReport[] {
  const changes = (layers[index]?.changes ?? []).map((change) => [change.path, change] as const);
  return inTreeOrder(changes).flatMap(([path, change]) => {
    const placed = change.after ?? change.before;
    return placed === undefined ? [] : [reportFile(path, placed.file, placed.layer, change)];
  });
}

/** By path components in byte order, so that what lies in `a` comes before `a.txt`. */
export function inTreeOrder<T>(entries: readonly (readonly [BytePath, T])[]): (readonly [BytePath, T])[] {
  return entries
    .map((entry) => ({ key: entry[0].replaceAll('/', '\0'), entry }))
    .sort((a, b) => compareBytes(a.key, b.key))
    .map(({ entry }) => entry);
}

/**
 * A file as reports show it, its name as text, and as bytes too where it is none.
 * @param layer the index of the layer it comes from
 */
export function reportFile(
  path: BytePath,
  file: LayerFile,
  layer: number,
  change: FileChange | undefined,
): FileReport {
  const text = bytePathToText(path);
  const isText = Buffer.from(text, 'utf8').toString('latin1') === path;
  const { type, mode, uid, gid, size, mtime, link, xattrs, content } = file;
  const isDevice = type === 'char' || type === 'block';
  return {
    path: `/${text}`,
    ...(isText ? {} : { pathBytes: Buffer.from(`/${path}`, 'latin1').toString('base64') }),
    type,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    size,
    mtime: printTimestamp(mtime),
    ...(link === ''
      ? {}
      : { link: type === 'hardlink' ? `/${bytePathToText(cleanBeneath(link))}` : bytePathToText(link) }),
    ...(isDevice ? { device: `${file.devMajor}:${file.devMinor}` } : {}),
    ...(xattrs.length === 0 ? {} : { xattrs: xattrs.map(({ name }) => bytePathToText(name)) }),
    ...(content === undefined ? {} : { sha256: content }),
    layer,
    change: change?.kind ?? null,
    aspects: change?.aspects ?? [],
  };
}

/** Years that a Date cannot hold are given in seconds, as `@` and the number. */
function printTimestamp({ seconds, nanoseconds }: Timestamp): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `@${seconds}`;
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return date.toISOString().replace('.000Z', `${fraction}Z`);
}
