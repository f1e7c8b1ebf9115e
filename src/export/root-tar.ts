import type { FileTree } from '../core/file-tree.ts';
import { encodeHeader, tarTrailer } from '../tar/encode.ts';
import type { TarEntry } from '../tar/entry.ts';
import { paddingAfter } from '../tar/header.ts';
import { type StreamDestination, writeStream } from './destination.ts';
import { readTreeFile } from './read-file.ts';
import { type TreeStep, walkTree } from './walk-tree.ts';

/**
 * Writes a root filesystem as one tar: no layers, no whiteouts, no image. Owners, modes, dates, extended
 * attributes, hard links and devices are all in it.
 *
 * @throws HostError `output-unusable`, `disk-full`
 */
export async function exportTar(
  tree: FileTree,
  destination: StreamDestination,
  signal: AbortSignal,
): Promise<void> {
  await writeStream(destination, rootTar(tree), signal);
}

async function* rootTar(tree: FileTree): AsyncGenerator<Uint8Array> {
  for (const step of walkTree(tree)) {
    if (step.kind === 'leave') continue;
    const entry = tarEntry(tree, step);
    yield encodeHeader(entry);
    if (entry.size === 0) continue;
    yield* readTreeFile(tree, step.path, entry.size);
    yield tarTrailer.subarray(0, paddingAfter(entry.size));
  }
  yield tarTrailer;
}

function tarEntry(tree: FileTree, { path, stat, sameAs }: TreeStep & { kind: 'file' }): TarEntry {
  const { mode, uid, gid, mtime, devMajor, devMinor } = stat;
  // With a further name too: who unpacks may give it its owner again, which takes capabilities away.
  const xattrs = tree.xattrs(path);
  const shared = { path, mode, uid, gid, mtime, devMajor, devMinor, xattrs };
  if (sameAs !== undefined) return { ...shared, type: 'hardlink', size: 0, link: sameAs };
  const link = stat.type === 'symlink' ? tree.readlink(path) : '';
  const type = stat.type === 'socket' ? 'file' : stat.type;
  return { ...shared, type, size: stat.size, link };
}
