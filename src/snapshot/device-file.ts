/**
 * Devices that cannot be made. In a user namespace mknod(2) refuses all but whiteouts, and base images hold
 * some. There an empty file stands for a device, and an attribute says for which: to whoever reads the
 * snapshot it is the device, so a layer made of it, or a deletion of it, is the one that root would make.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { type BytePath, bytePathToFs } from '../core/byte-path.ts';
import type { FileStat } from '../core/file-tree.ts';
import { makeNode } from '../sys/node.ts';
import { statFile } from '../sys/stat.ts';
import { isInitialUserNamespace } from '../sys/user-namespace/id-map.ts';
import { readXattr, setXattr } from '../sys/xattr.ts';

/** Its value is `char 1:3`. No image has it: neither is it read from a layer nor written to one. */
export const deviceAttribute = 'user.strata.device';

/**
 * Creates a device, or what stands for one here, with exactly these permission bits.
 * @throws a system error, such as EEXIST
 */
export function makeDevice(
  path: BytePath,
  {
    type,
    mode,
    devMajor,
    devMinor,
  }: Pick<FileStat, 'mode' | 'devMajor' | 'devMinor'> & { type: 'char' | 'block' },
): void {
  if (isInitialUserNamespace()) {
    makeNode(path, type, mode, devMajor, devMinor);
    return;
  }
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  closeSync(openSync(bytePathToFs(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  setXattr(path, deviceAttribute, Buffer.from(`${type} ${devMajor}:${devMinor}`));
}

/** What lstat says of a path in a snapshot; see `statFile`. */
export function statSnapshotFile(path: BytePath): FileStat | undefined {
  const stat = statFile(path);
  if (stat?.type !== 'file' || stat.size > 0 || isInitialUserNamespace()) return stat;
  const value = readXattr(path, deviceAttribute);
  if (value === undefined) return stat;
  const [, type, devMajor, devMinor] = /^(char|block) (\d+):(\d+)$/.exec(Buffer.from(value).toString()) ?? [];
  if (type !== 'char' && type !== 'block') return stat;
  return { ...stat, type, devMajor: Number(devMajor), devMinor: Number(devMinor) };
}
