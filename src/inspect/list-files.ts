import { bytePathToText, cleanBeneath } from '../core/byte-path.ts';
import type { Timestamp } from '../core/file-tree.ts';
import type { FileChange, Stack } from './stack-layers.ts';
import { type Aspect, aspectsIn, noAspects } from './tree/aspects.ts';
import { type LayerFile, noFile } from './tree/file-table.ts';

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
export function* listMergedFiles({ files, merged, changeBy }: Stack): Generator<FileReport, void, undefined> {
  for (const path of files.paths.inTreeOrder()) {
    const file = merged.at(path);
    if (file !== noFile) yield reportFile(files.read(file), merged.layerOf(file), changeBy(file));
  }
}

/** What one layer adds, changes and removes, in the same order. */
export function* listLayerFiles(stack: Stack, index: number): Generator<FileReport, void, undefined> {
  const { files, merged } = stack;
  const layer = stack.layers[index];
  if (layer === undefined) return;
  const changed = new Uint32Array(files.paths.count);
  for (const { start, end } of [layer.tree, layer.implied]) {
    for (let file = start; file < end; file++)
      if (stack.changeBy(file) !== undefined) changed[files.pathOf(file)] = file;
  }
  for (const file of layer.removed) changed[files.pathOf(file)] = file;
  const removed: FileChange = { kind: 'removed', aspects: noAspects };
  for (const path of files.paths.inTreeOrder()) {
    const file = changed[path] ?? noFile;
    if (file === noFile) continue;
    const isRemoved = merged.layerOf(file) !== index;
    yield reportFile(files.read(file), merged.layerOf(file), isRemoved ? removed : stack.changeBy(file));
  }
}

/**
 * A file as reports show it, its name as text, and as bytes too where it is none.
 * @param layer the index of the layer it comes from
 */
export function reportFile(file: LayerFile, layer: number, change: FileChange | undefined): FileReport {
  const { path } = file;
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
    aspects: aspectsIn(change?.aspects ?? noAspects),
  };
}

/** Years that a Date cannot hold are given in seconds, as `@` and the number. */
function printTimestamp({ seconds, nanoseconds }: Timestamp): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `@${seconds}`;
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return date.toISOString().replace('.000Z', `${fraction}Z`);
}
