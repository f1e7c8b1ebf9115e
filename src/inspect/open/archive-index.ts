import { type BytePath, bytePathToText, cleanBeneath } from '../../core/byte-path.ts';
import { IntegrityError } from '../../core/errors.ts';
import { blockSize, decodeHeader, type RawHeader } from '../../tar/header.ts';
import { describeMember, type Extensions } from '../../tar/member.ts';
import { decodePaxRecords } from '../../tar/pax.ts';
import type { ByteSource } from './byte-source.ts';

/** Where the content of a file lies in an archive. */
export interface Extent {
  readonly offset: number;
  readonly size: number;
}

type Member = Extent | { readonly link: BytePath };

/** An image archive has a few hundred members; one of millions is none, or made to fill our memory. */
const memberLimit = 1 << 17;
const metadataLimit = 1 << 20;
const linkLimit = 8;

/**
 * Finds the files of a tar archive by their headers alone, skipping what they hold; of several with one name
 * the last counts, as it does where archives are unpacked. Names are looked up and never used as paths.
 * @returns finds a file by its name, through links inside the archive
 * @throws IntegrityError `tar-bad-header`, `tar-truncated` and the like, saying at which byte
 */
export async function indexArchive(source: ByteSource): Promise<(name: string) => Extent | undefined> {
  const members = new Map<BytePath, Member>();
  let position = 0;
  try {
    for await (const { name, member, end } of scan(source)) {
      position = end;
      members.set(name, member);
      if (members.size > memberLimit) {
        throw new IntegrityError('archive-too-large', `it has more than ${memberLimit} members`);
      }
    }
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `${error.message} (behind byte ${position})`, { hint: error.hint });
  }
  return (name) => {
    let at: BytePath = name;
    for (let links = 0; links < linkLimit; links++) {
      const member = members.get(at);
      if (member === undefined || !('link' in member)) return member;
      at = member.link;
    }
    return undefined;
  };
}

async function* scan(
  source: ByteSource,
): AsyncGenerator<{ readonly name: BytePath; readonly member: Member; readonly end: number }> {
  const globals = new Map<string, string>();
  const plain: Extensions = { records: [], globals, longName: undefined, longLink: undefined };
  let extensions = plain;
  for (let at = 0; ; ) {
    const block = await source.read(at, blockSize);
    if (block.length === 0 || block.every((byte) => byte === 0)) return;
    if (block.length < blockSize) throw truncated('a header');
    const header = decodeHeader(block);
    const content = at + blockSize;
    const extra = await readExtra(source, header, content, globals, extensions);
    if (extra !== undefined) {
      extensions = extra;
      at = content + padded(header.size);
      continue;
    }
    const { path, type, size, link } = describeMember(header, extensions);
    at = content + padded(size);
    if (source.size !== undefined && content + size > source.size) {
      throw truncated(
        `"${bytePathToText(path)}", of which ${source.size - content} of ${size} bytes are there`,
      );
    }
    if (isSparse(header, extensions)) {
      throw new IntegrityError(
        'archive-sparse',
        `"${bytePathToText(path)}" in it is stored as a sparse file`,
        {
          hint: 'make the archive again without --sparse',
        },
      );
    }
    extensions = plain;
    const name = cleanBeneath(path);
    if (type === 'file') yield { name, member: { offset: content, size }, end: at };
    else if (type === 'hardlink') yield { name, member: { link: cleanBeneath(link) }, end: at };
    else if (type === 'symlink')
      yield { name, member: { link: cleanBeneath(`${name}/../${link}`) }, end: at };
  }
}

/** What a header that only describes the next member adds; undefined for a member. */
async function readExtra(
  source: ByteSource,
  { typeflag, size }: RawHeader,
  content: number,
  globals: Map<string, string>,
  extensions: Extensions,
): Promise<Extensions | undefined> {
  if (!/^[xXgLKV]$/.test(typeflag)) return undefined;
  if (typeflag === 'V') return extensions;
  if (size > metadataLimit) {
    throw new IntegrityError('tar-header-too-large', `an extended header in it has ${size} bytes`);
  }
  const payload = await source.read(content, size);
  if (payload.length < size) throw truncated('an extended header');
  if (typeflag === 'L') return { ...extensions, longName: untilNul(payload) };
  if (typeflag === 'K') return { ...extensions, longLink: untilNul(payload) };
  const records = decodePaxRecords(payload);
  if (typeflag !== 'g') return { ...extensions, records };
  for (const [key, value] of records) globals.set(key, value);
  return extensions;
}

function isSparse({ typeflag }: RawHeader, { records }: Extensions): boolean {
  return typeflag === 'S' || records.some(([key]) => key.startsWith('GNU.sparse.'));
}

function truncated(where: string): IntegrityError {
  return new IntegrityError('tar-truncated', `it ends inside ${where}`, {
    hint: 'it was not transferred or written whole: fetch or make it again',
  });
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

function untilNul(payload: Buffer): string {
  const nul = payload.indexOf(0);
  return payload.toString('latin1', 0, nul < 0 ? payload.length : nul);
}
