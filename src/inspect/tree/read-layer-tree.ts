import { type BytePath, bytePathToText, cleanBeneath } from '../../core/byte-path.ts';
import type { DiffID } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { PathId } from '../../core/tables/path-table.ts';
import { checkLayer } from '../../layer/validate/check-layer.ts';
import { longestPath } from '../../layer/validate/check-members.ts';
import { type BlobSource, measured, type Report, reportingIntegrity } from '../../layer/validate/measured.ts';
import { readWhiteout, type Whiteout } from '../../layer/whiteout.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { TarEntry } from '../../tar/entry.ts';
import type { TarHandler } from '../../tar/parser.ts';
import { type ContentHash, contentHash } from './content-hash.ts';
import type { FileTable } from './file-table.ts';
import type { LayerTree } from './layer-tree.ts';
import { harmful, spend, type TreeBudget } from './tree-budget.ts';

export interface LayerReading {
  readonly layer: Descriptor;
  /** Undefined when the config does not say one. */
  readonly diffID: DiffID | undefined;
  /** Sees every member; checks names and links over all layers. */
  readonly checker: TarHandler;
  readonly budget: TreeBudget;
  /** Takes up the files. */
  readonly files: FileTable;
  readonly hashesContent: boolean;
}

/**
 * Reads a layer in one pass: its members, the digests of their contents, and what does not hold of its
 * descriptor, diffID and archive. A damaged layer gives the members before the damage.
 * @throws IntegrityError `image-too-many-files`
 */
export async function readLayerTree(
  blobs: BlobSource,
  { layer, diffID, checker, budget, files, hashesContent }: LayerReading,
  report: Report,
): Promise<LayerTree> {
  const codes = new Set<string>();
  const located: Report = (code, message) => {
    if (code === 'image-too-many-files') throw new IntegrityError(code, message, { hint: harmful });
    codes.add(code);
    const last = code.startsWith('tar-') ? collector.last() : undefined;
    report(code, last === undefined ? message : `${message} (at or behind "${bytePathToText(last)}")`);
  };
  const collector = collectFiles(files, budget, hashesContent);
  const { tarSize } = await checkLayer(blobs, layer, diffID, both(checker, collector.handler), located);
  // What cannot be decompressed was not read to its end: whether the blob is the one that is meant is known then.
  if (codes.has('layer-bad-compression') && !codes.has('digest-mismatch')) {
    await reportingIntegrity(located, async () => {
      for await (const _ of measured(blobs, layer, located));
    });
  }
  return { ...collector.tree(), tarSize };
}

function both(a: TarHandler, b: TarHandler): TarHandler {
  return {
    entry(entry) {
      a.entry(entry);
      b.entry(entry);
    },
    data: b.data,
    entryEnd() {
      a.entryEnd();
      b.entryEnd();
    },
  };
}

function collectFiles(files: FileTable, budget: TreeBudget, hashesContent: boolean) {
  const { paths } = files;
  const start = files.count + 1;
  const deleted = new Set<PathId>();
  const opaque = new Set<PathId>();
  let current: { readonly entry: TarEntry; readonly path: PathId } | undefined;
  let content: ContentHash | undefined;
  let last: BytePath | undefined;

  const handler: TarHandler = {
    entry(entry) {
      last = entry.path;
      current = undefined;
      content = undefined;
      // The checker tells of both.
      if (entry.path.length > longestPath || entry.path.split('/').includes('..')) return;
      const path = cleanBeneath(entry.path);
      const whiteout = whiteoutOf(path);
      if (whiteout === undefined) {
        spend(budget, entry);
        current = { entry, path: paths.add(path) };
        if (hashesContent && entry.type === 'file') content = contentHash(entry.size);
      } else if (whiteout.kind === 'delete') deleted.add(paths.add(whiteout.path));
      else if (whiteout.kind === 'opaque') opaque.add(paths.add(whiteout.path));
    },
    data(bytes, offset) {
      content?.update(bytes, offset);
    },
    entryEnd() {
      if (current !== undefined) files.add(current.path, current.entry, content?.digest());
    },
  };
  return {
    handler,
    last: () => last,
    tree: () => ({ start, end: files.count + 1, deleted: [...deleted], opaque: [...opaque] }),
  };
}

/** The checker tells of whiteouts of nothing; here they delete nothing. */
function whiteoutOf(path: BytePath): Whiteout | undefined {
  try {
    return readWhiteout(path);
  } catch (error) {
    if (error instanceof IntegrityError) return { kind: 'ignored' };
    throw error;
  }
}
