/** What differs between two lists of files, such as `selectionDigest` makes and `FileLists` keeps them. */
import { compareBytes } from '../../core/byte-path.ts';
import type { Detail, FileChange } from './cause.ts';

interface ListedFile {
  readonly path: string;
  readonly type: string;
  /** Four octal digits; `-` where the layer does not keep it. */
  readonly mode: string;
  /** Likewise. */
  readonly owner: string;
  /** Bytes of a regular file; `major:minor` of a device. */
  readonly size: string;
  readonly content: string;
  readonly xattrs: string;
  readonly link: string;
  readonly hardLink: string;
  /** Of a download. */
  readonly time: string;
}

/**
 * Compares two lists.
 * @param sources the words of the instruction, which paths are shown below
 */
export function fileChanges(
  before: readonly string[],
  now: readonly string[],
  sources: readonly string[],
): FileChange[] {
  const [old, current] = [readList(before, sources), readList(now, sources)];
  const names = [...new Set([...old.keys(), ...current.keys()])].sort(compareBytes);
  return names.flatMap((name) => compare(old.get(name), current.get(name)) ?? []);
}

function compare(before: ListedFile | undefined, now: ListedFile | undefined): FileChange | undefined {
  if (before === undefined) {
    return now === undefined ? undefined : { path: now.path, change: 'added', details: [], ...sizeOf(now) };
  }
  const sizeBefore = sizeOf(before).size;
  const old = sizeBefore === undefined ? {} : { sizeBefore };
  if (now === undefined) return { path: before.path, change: 'removed', details: [], ...old };
  const details: Detail[] = [];
  for (const what of compared) {
    if (before[what] === now[what]) continue;
    // What the layer of one of them does not keep is nobody's doing but the instruction's.
    if ((what === 'mode' || what === 'owner') && (before[what] === '-' || now[what] === '-')) continue;
    // Of another type everything is another; the type alone says it.
    if (what !== 'type' && what !== 'mode' && what !== 'owner' && before.type !== now.type) continue;
    details.push(isTold.has(what) ? { what, from: before[what], to: now[what] } : { what });
  }
  if (details.length === 0) return undefined;
  return { path: now.path, change: 'changed', details, ...old, ...sizeOf(now) };
}

const compared = ['type', 'content', 'mode', 'owner', 'link', 'hardLink', 'xattrs', 'time'] as const;
/** Of these the values say something to a person. */
const isTold = new Set<string>(['type', 'mode', 'owner', 'link', 'hardLink']);

function sizeOf({ type, size }: ListedFile): { size?: number } {
  return type === 'file' && /^[0-9]+$/.test(size) ? { size: Number(size) } : {};
}

/** By what makes a file the same one in both lists: its source and its place below it. */
function readList(lines: readonly string[], sources: readonly string[]): Map<string, ListedFile> {
  const files = new Map<string, ListedFile>();
  let folder = '';
  let own: string | undefined;
  let time = '';
  for (const line of lines) {
    const [, argument, kind, name, stamp] =
      /^source ([0-9]+) (directory|file)(?: (\S+))?(?: of (.*))?$/.exec(line) ?? [];
    if (argument !== undefined) {
      const word = sources[Number(argument)] ?? '';
      own = kind === 'file' ? besides(word, shown(name ?? '')) : undefined;
      folder = word;
      time = stamp ?? '';
      continue;
    }
    const file = line.startsWith('heredoc ') ? heredoc(line) : listedFile(line, folder, own, time);
    // A wildcard gives several sources, where two files can have one name.
    let key = file.path;
    while (files.has(key)) key += '\n';
    files.set(key, file);
  }
  return files;
}

function listedFile(line: string, folder: string, own: string | undefined, time: string): ListedFile {
  const [type = '', mode = '', owner = '', size = '', content = '', xattrs = '', to = '', sign, target = ''] =
    line.split(' ');
  return {
    path: own ?? below(folder, shown(to)),
    type,
    mode: mode === '-' ? mode : mode.padStart(4, '0'),
    owner,
    size,
    content: `${size} ${content}`,
    xattrs,
    link: sign === '->' ? shown(target) : '',
    hardLink: sign === '=' ? shown(target) : '',
    time,
  };
}

function heredoc(line: string): ListedFile {
  const [, name = '', content = ''] = line.split(' ');
  const none = { mode: '', owner: '', size: '', xattrs: '', link: '', hardLink: '', time: '' };
  return { ...none, path: `<<${shown(name)}`, type: 'heredoc', content };
}

/** `src` and `lib/a.c` → `src/lib/a.c`. */
function below(folder: string, path: string): string {
  const clean = folder.replace(/^(?:\.\/+)+|\/+$/g, '');
  if (path === '.') return clean === '' ? '.' : clean;
  if (clean === '' || clean === '.') return folder.startsWith('/') ? `/${path}` : path;
  return `${clean}/${path}`;
}

/** The file a word or wildcard found: `src/*.c` and `a.c` → `src/a.c`. */
function besides(word: string, name: string): string {
  const clean = word.replace(/^(?:\.\/+)+/, '');
  return clean.slice(0, clean.lastIndexOf('/') + 1) + name;
}

/** Without the escapes of the list. */
function shown(word: string): string {
  if (!word.includes('\\x')) return word;
  const bytes = word.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
