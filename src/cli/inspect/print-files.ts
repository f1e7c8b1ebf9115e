import type { FileReport } from '../../inspect/list-files.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { changeSigns, typeLetters } from './file-marks.ts';
import { type Look, oneLine, type Paint, paint } from './look.ts';

const paints: Readonly<Record<keyof typeof changeSigns, Paint>> = {
  added: 'green',
  changed: 'yellow',
  removed: 'red',
};

/**
 * Files as a tree, with mode, owner, size and the layer they come from; the sign says what that layer did. Nothing
 * is cut: names are what one looks for.
 *
 * @param files read twice
 */
export function* fileLines(
  title: string,
  files: Iterable<FileReport>,
  look: Look,
): Generator<string, void, undefined> {
  let ownerWidth = 5;
  for (const file of files) ownerWidth = Math.max(ownerWidth, ownerOf(file).length);
  yield '';
  yield paint(look, 'bold', title);
  yield `${'MODE'.padEnd(10)}  ${'OWNER'.padEnd(ownerWidth)}  ${'SIZE'.padStart(6)}  ${'#'.padStart(3)}    PATH`;
  for (const file of files) {
    const size = file.type === 'file' ? printBytes(file.size) : (file.device ?? '-');
    const owner = ownerOf(file).padEnd(ownerWidth);
    const sign = file.change === null ? ' ' : changeSigns[file.change];
    const line = `${modeText(file)}  ${owner}  ${size.padStart(6)}  ${String(file.layer).padStart(3)}  ${sign} ${name(file)}`;
    yield file.change === null ? line : paint(look, paints[file.change], line);
  }
}

function ownerOf({ uid, gid }: FileReport): string {
  return `${uid}:${gid}`;
}

function name({ path, type, link, change, aspects }: FileReport): string {
  const depth = path.split('/').length - 2;
  const last = path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
  const target = link === undefined ? '' : `${type === 'hardlink' ? ' = ' : ' -> '}${link}`;
  const what = change === 'changed' ? ` (${aspects.length === 0 ? 'as it was' : aspects.join(', ')})` : '';
  return (
    '  '.repeat(Math.max(0, depth)) +
    oneLine(`${last}${type === 'directory' && last !== '/' ? '/' : ''}${target}${what}`)
  );
}

/** As `ls -l` has it. */
function modeText({ type, mode }: FileReport): string {
  const bits = Number.parseInt(mode, 8);
  const triple = (shift: number, special: number, letter: string) => {
    const [read, write, run] = [4, 2, 1].map((bit) => ((bits >> shift) & bit) !== 0);
    const isSpecial = (bits & special) !== 0;
    const last = isSpecial ? (run ? letter : letter.toUpperCase()) : run ? 'x' : '-';
    return `${read ? 'r' : '-'}${write ? 'w' : '-'}${last}`;
  };
  return typeLetters[type] + triple(6, 0o4000, 's') + triple(3, 0o2000, 's') + triple(0, 0o1000, 't');
}
