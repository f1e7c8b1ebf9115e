import { isLookedUp, resolveOwner } from '../../copy/owner.ts';
import { type BytePath, bytePathFromText, bytePathToText } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { type FileTree, resolveBeneath, type Timestamp } from '../../core/file-tree.ts';
import type { LayerEntry } from '../../layer/layer-entry.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { MkdirOp } from '../../plan/vertex.ts';
import { plainFields } from '../../tar/entry.ts';
import type { OpRunner } from '../op-runner.ts';
import type { EntryPublisher } from './publish.ts';
import { type StepTimes, timeParts } from './step-times.ts';

/** WORKDIR: the directory and its missing parents, 0755 and owned by the step's user; what exists stays as it is. */
export function mkdirRunner(
  layers: LayerStore,
  publisher: EntryPublisher,
  times: StepTimes,
): OpRunner<MkdirOp> {
  return {
    async recipe(vertex) {
      const { path, owner } = vertex.op;
      return {
        kind: 'mkdir',
        parts: [['path', path], ['owner', owner], ...timeParts(times)],
      };
    },
    async prepare(vertex, below, { signal }) {
      // The owner may have to be looked up by name.
      if (isLookedUp(vertex.op.owner)) await layers.ensureFiles(below, signal);
      await publisher.prepare(vertex, below, signal);
      const tree = await layers.openListing(below, signal);
      return async () => {
        const entries = missingDirectories(tree, vertex.op, times.createdAt());
        return publisher.publish(vertex, below, entries, signal);
      };
    },
  };
}

/** Nothing at all when the directory exists: WORKDIR then makes an empty layer. */
function missingDirectories(tree: FileTree, op: MkdirOp, mtime: Timestamp): LayerEntry[] {
  const path = resolveBeneath(tree, bytePathFromText(op.path));
  const existing: LayerEntry[] = [];
  const created: LayerEntry[] = [];
  for (const directory of withAncestors(path)) {
    const stat = tree.lstat(directory);
    if (stat !== undefined && stat.type !== 'directory') {
      throw new StepError(
        'not-a-directory',
        `cannot create directory "${op.path}": "/${bytePathToText(directory)}" is a ${stat.type}`,
      );
    }
    if (stat === undefined) {
      const owner = resolveOwner(tree, op.owner);
      created.push({ ...plainDirectory, path: directory, mode: 0o755, ...owner, mtime });
    } else {
      const { mode, uid, gid } = stat;
      const xattrs = tree.xattrs(directory);
      existing.push({ ...plainDirectory, path: directory, mode, uid, gid, mtime: stat.mtime, xattrs });
    }
  }
  return created.length === 0 ? [] : [...existing, ...created];
}

const plainDirectory = { ...plainFields, type: 'directory' } as const;

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function withAncestors(path: BytePath): BytePath[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
