import { join } from 'node:path';
import { diskUsage } from '../../sys/disk-usage.ts';
import { readSealedFile, writeSealedFile } from '../../sys/sealed-file.ts';
import { openDirectories } from './file-kinds.ts';
import { listDirectory } from './store-files.ts';

/** Published snapshots never change: what they take is measured once and kept here. */
const sizesFile = 'sizes.json';

/**
 * Measures the directory trees of a store: snapshots, cache mounts, what running builds have. Snapshots that
 * were measured before cost nothing.
 * @returns bytes on the disk of a path beneath the root; 0 for one that was not there
 */
export async function measureTrees(root: string): Promise<(path: string) => number> {
  const trees = new Set([...openDirectories].flatMap((path) => treesIn(root, path)));
  const known = new Map([...readSizes(root)].filter(([path]) => trees.has(path)));
  const measured = await diskUsage(
    root,
    [...trees].filter((path) => !known.has(path)),
  );
  const isSnapshot = (path: string) => path.startsWith('snapshots/');
  const fresh = [...measured].filter(([path]) => isSnapshot(path));
  if (fresh.length > 0) await writeSizes(root, [...known, ...fresh]);
  return (path) => known.get(path) ?? measured.get(path) ?? 0;
}

function treesIn(root: string, directory: string): string[] {
  return listDirectory(root, directory)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => (directory === '' ? name : `${directory}/${name}`))
    .filter((path) => !openDirectories.has(path));
}

function readSizes(root: string): Map<string, number> {
  const text = readSealedFile(join(root, sizesFile));
  return new Map(text === undefined ? [] : (JSON.parse(text) as [string, number][]));
}

/** Forgetting them costs time, nothing else. */
async function writeSizes(root: string, sizes: [string, number][]): Promise<void> {
  await writeSealedFile(join(root, sizesFile), JSON.stringify(sizes)).catch(() => {});
}
