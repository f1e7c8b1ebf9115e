import { closeSync, readSync } from 'node:fs';
import { StepError } from '../core/errors.ts';
import { type FileTree, resolveBeneath } from '../core/file-tree.ts';

/** A line of /etc/passwd. Names and paths have one character per byte. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of /etc/group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The users of an image; none when it has no /etc/passwd. Lines that make no sense are passed over. */
export function* readPasswd(tree: FileTree): Generator<PasswdEntry> {
  for (const [name = '', , uid, gid, , home = ''] of readFields(tree, 'etc/passwd')) {
    const [uidNumber, gidNumber] = [parseID(uid), parseID(gid)];
    if (uidNumber !== undefined && gidNumber !== undefined) {
      yield { name, uid: uidNumber, gid: gidNumber, home };
    }
  }
}

/** The groups of an image; none when it has no /etc/group. */
export function* readGroups(tree: FileTree): Generator<GroupEntry> {
  for (const [name = '', , gid, members = ''] of readFields(tree, 'etc/group')) {
    const gidNumber = parseID(gid);
    if (gidNumber !== undefined) yield { name, gid: gidNumber, members: members.split(',').filter(Boolean) };
  }
}

/** A user or group id from its digits; undefined for anything else, and beyond what the kernel takes. */
export function parseID(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  // The last one means "leave as it is" to chown(2).
  return id < 0xffff_ffff ? id : undefined;
}

const chunkBytes = 65_536;

function* readFields(tree: FileTree, path: string): Generator<string[]> {
  const resolved = resolveBeneath(tree, path);
  if (tree.lstat(resolved)?.type !== 'file') return;
  const fd = tree.open(resolved);
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let rest = '';
    for (;;) {
      const length = readSync(fd, chunk);
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = length === 0 ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line.trim() !== '') yield line.trim().split(':');
      if (length === 0) return;
      if (rest.length > chunkBytes) {
        throw new StepError('bad-account-file', `/${path} of the image has a line of more than 64 KiB`);
      }
    }
  } finally {
    closeSync(fd);
  }
}
