/**
 * What a layer holds, without the content of its files: enough to resolve a destination, to see which
 * directories exist and whose they are. So a layer need not be unpacked when a COPY goes onto it. Kept as
 * `layers/ID.files.json` beside the layer's record.
 */
import type { BytePath } from '../../core/byte-path.ts';
import { type OnDamagedFile, readSealedFile, writeSealedFile } from '../../sys/sealed-file.ts';
import type { TarEntryType } from '../../tar/entry.ts';

/** A member as it stands in the layer; `delete` is a whiteout, `opaque` a directory that hides what is below. */
export interface ListedMember {
  readonly path: BytePath;
  readonly type: TarEntryType | 'delete' | 'opaque';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly link: BytePath;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Values as latin1 text, a character per byte. */
  readonly xattrs: readonly (readonly [name: string, value: string])[];
}

/** The first element of the file; another one is another format. */
const formatName = 'strata layer listing 1';
/** A member is kept as an array of these, in this order. */
const fields = [
  'path',
  'type',
  'mode',
  'uid',
  'gid',
  'size',
  'mtimeSeconds',
  'mtimeNanoseconds',
  'link',
  'devMajor',
  'devMinor',
  'xattrs',
] as const satisfies readonly (keyof ListedMember)[];

type Row = readonly ListedMember[keyof ListedMember][];

/** Undefined when there is none, or what is there is not one. */
export function readListing(path: string, onDamage?: OnDamagedFile): readonly ListedMember[] | undefined {
  const text = readSealedFile(path, onDamage);
  if (text === undefined) return undefined;
  const [format, ...rows] = JSON.parse(text) as [string, ...Row[]];
  return format === formatName ? rows.map(memberOf) : undefined;
}

/** Replaces the listing. @throws HostError `disk-full` */
export function writeListing(path: string, members: readonly ListedMember[]): Promise<void> {
  const rows = members.map((member): Row => fields.map((field) => member[field]));
  return writeSealedFile(path, JSON.stringify([formatName, ...rows]));
}

function memberOf(row: Row): ListedMember {
  return Object.fromEntries(fields.map((field, index) => [field, row[index]])) as unknown as ListedMember;
}
