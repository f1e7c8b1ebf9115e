/**
 * The last RUN that failed, kept so that somebody can look at it: its filesystem as it left it, as a snapshot like
 * others, and what its sandbox is made of. The next failure takes its place, and a prune may take it away.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../../../core/digest.ts';
import { systemCode } from '../../../../core/errors.ts';
import type { ExecOp, Vertex, VertexID } from '../../../../plan/vertex.ts';
import type { Snapshotter, Stack } from '../../../../snapshot/snapshotter.ts';
import { writeFileAtomic } from '../../../../sys/atomic-file.ts';
import { tryLockFile } from '../../../../sys/file-lock.ts';
import type { ExecSettings } from '../settings.ts';

const version = 1;

export interface FailedStep {
  readonly vertex: Vertex<ExecOp>;
  /** What it stood on, and what it left on top. */
  readonly stack: Stack;
  /** The filesystems its mounts show, by input. */
  readonly inputs: Readonly<Record<VertexID, Stack>>;
  /** Content digests of what its mounts show of build contexts, by target. */
  readonly files: Readonly<Record<string, Digest>>;
  readonly hosts: ExecSettings['hosts'];
  readonly limits: ExecSettings['limits'];
  readonly exitCode: number;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
}

const fileName = 'last-failure.json';
const lockName = join('locks', 'last-failure');

/**
 * Puts a failed step in the place of the one before, whose snapshot goes, unless somebody looks at that just now.
 * @returns whether it is kept
 */
export async function keepFailedStep(
  root: string,
  snapshotter: Pick<Snapshotter, 'remove'>,
  failed: FailedStep,
): Promise<boolean> {
  const lock = tryLockFile(join(root, lockName), 'exclusive');
  if (lock === undefined) return false;
  try {
    const before = readFailedStep(root)?.stack.at(-1);
    await writeFileAtomic(join(root, fileName), JSON.stringify({ version, ...failed }), 0o600);
    if (before !== undefined) await snapshotter.remove(before);
    return true;
  } finally {
    lock.release();
  }
}

/** Undefined when none is kept, or by a strata that wrote it otherwise. */
export function readFailedStep(root: string): FailedStep | undefined {
  try {
    const read = JSON.parse(readFileSync(join(root, fileName), 'utf8'));
    return read.version === version ? read : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keeps the failed step in its place while somebody looks at it; undefined while a build puts another there. */
export function holdFailedStep(root: string): { release(): void } | undefined {
  return tryLockFile(join(root, lockName), 'shared');
}
