/** Owner, mode and time of what COPY and ADD put in place (Dockerfile reference, 3.6 "Metadata"). */
import { assert } from '../core/assert.ts';
import type { FileStat, FileTree, Timestamp } from '../core/file-tree.ts';
import { readModeChange } from '../core/mode-change.ts';
import { type Owner, resolveOwner } from './owner.ts';

export interface MetadataRequest {
  /** `--chown`. */
  readonly owner?: string | undefined;
  /** `--chmod`. */
  readonly mode?: string | undefined;
  /** The time of what the step itself makes: parent directories and heredocs. */
  readonly createdAt: Timestamp;
}

export interface MetadataRules {
  /** A file that was selected. */
  copied(stat: FileStat): FileStat;
  /** A directory that is made because a path leads through it or ends at it. */
  readonly directory: FileStat;
  /** The same where `--chmod` does not apply. */
  readonly plainDirectory: FileStat;
  /** `--chown`, for files that come with metadata of their own. */
  readonly owner: Owner | undefined;
  /** A file that has no source in any tree. */
  inline(size: number): FileStat;
}

/**
 * @param below where names in `--chown` are looked up
 * @throws StepError `no-user-database`
 */
export function metadataRules(below: FileTree, request: MetadataRequest): MetadataRules {
  const change = request.mode === undefined ? undefined : readModeChange(request.mode);
  assert(request.mode === undefined || change !== undefined, 'planning refuses what is no mode');
  const owner = request.owner === undefined ? undefined : resolveOwner(below, request.owner);

  const copied = (stat: FileStat): FileStat => {
    const isChanged = change !== undefined && stat.type !== 'symlink';
    if (!isChanged && owner === undefined) return stat;
    const mode = isChanged ? change.apply(stat.mode, stat.type === 'directory') : stat.mode;
    return { ...stat, ...owner, mode };
  };
  const made = {
    uid: 0,
    gid: 0,
    mtime: request.createdAt,
    devMajor: 0,
    devMinor: 0,
    linkCount: 1,
    inode: '',
  };

  const plainDirectory: FileStat = { ...made, ...owner, type: 'directory', mode: 0o755, size: 0 };
  return {
    copied,
    owner,
    plainDirectory,
    directory: { ...plainDirectory, mode: change?.implicitDirectory ?? 0o755 },
    inline: (size) => copied({ ...made, type: 'file', mode: 0o644, size }),
  };
}

/** What a layer shows of a file's own metadata. */
export interface KeptMetadata {
  /** Undefined when `--chmod` says it, whatever it was. */
  mode(stat: FileStat): number | undefined;
  /** Whether `--chown` leaves the owner alone. */
  readonly keepsOwner: boolean;
}

/** What the layer of a copy keeps of its files: what it replaces need not count. */
export function keptMetadata({ owner, mode }: Pick<MetadataRequest, 'owner' | 'mode'>): KeptMetadata {
  const change = mode === undefined ? undefined : readModeChange(mode);
  const isFixed = (isDirectory: boolean) =>
    change !== undefined && change.apply(0, isDirectory) === change.apply(0o7777, isDirectory);
  const fixed = { file: isFixed(false), directory: isFixed(true) };
  return {
    keepsOwner: owner === undefined,
    mode(stat) {
      if (change === undefined || stat.type === 'symlink') return stat.mode;
      const isDirectory = stat.type === 'directory';
      return (isDirectory ? fixed.directory : fixed.file) ? undefined : change.apply(stat.mode, isDirectory);
    },
  };
}
