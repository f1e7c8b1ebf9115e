import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Every path below a directory with all that a layer can say of it: type, mode, owner, content, link target, device,
 * which paths are one file, and a file's time where it lies before `since` (milliseconds). Names are bytes, as latin1.
 */
export function treeListing(dir: string, since: number): Record<string, string> {
  const firstNames = new Map<bigint, string>();
  const listing: Record<string, string> = {};
  const visit = (path: string): void => {
    const full = Buffer.from(`${dir}${path}`, 'latin1');
    const stat = lstatSync(full, { bigint: true });
    const first = firstNames.get(stat.ino);
    if (stat.nlink > 1n && !stat.isDirectory()) firstNames.set(stat.ino, first ?? path);
    listing[path] = first === undefined ? describe(full, stat, since) : `same file as ${first}`;
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(full, 'latin1').sort()) visit(`${path}/${name}`);
  };
  for (const name of readdirSync(dir, 'latin1').sort()) visit(`/${name}`);
  return listing;
}

function describe(path: Buffer, stat: BigIntStats, since: number): string {
  const mode = (stat.mode & 0o7777n).toString(8).padStart(4, '0');
  const time = stat.mtimeMs < since ? `at ${stat.mtimeMs / 1000n}` : 'new';
  const owner = `${stat.uid}:${stat.gid}`;
  if (stat.isDirectory()) return `directory ${mode} ${owner}`;
  if (stat.isSymbolicLink()) return `link ${owner} to ${readlinkSync(path, 'latin1')}`;
  if (stat.isFIFO()) return `pipe ${mode} ${owner}`;
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return `device ${stat.rdev} ${mode} ${owner}`;
  return `file ${mode} ${owner} ${stat.size} bytes ${digestOf(path, stat)} ${time}`;
}

const digests = new Map<string, string>();

/** Of a file's content. A base image's files are seen again below each image made of it, and read once. */
function digestOf(path: Buffer, { ino, size, ctimeNs }: BigIntStats): string {
  const key = `${ino} ${size} ${ctimeNs}`;
  const known = digests.get(key);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
  digests.set(key, digest);
  return digest;
}
