/**
 * What a COPY takes, as one digest for its cache key (Dockerfile reference, 3.0.1): the sha256 of a list
 * with a line per file, which is kept so that a later miss can name the file that changed. Times are no
 * part of it, and neither is anything that was not selected.
 */
import { createHash } from 'node:crypto';
import { type BytePath, bytePathFromText } from '../core/byte-path.ts';
import { type Digest, digestFromHex } from '../core/digest.ts';
import type { FileTree } from '../core/file-tree.ts';
import { type FileHasher, openFileHasher } from './file-hasher.ts';
import type { SelectedFile, SelectedSource, Selection } from './selection.ts';
import { isCopied } from './xattr-policy.ts';

export interface SelectionDigest {
  readonly digest: Digest;
  /**
   * One line per source (`source 0 directory`, `source 1 file NAME`, `heredoc NAME`) and per file: type,
   * mode, owner, size (major:minor for devices), content digest, extended attributes, path, symlink target.
   * Fields that do not apply are `-`; odd bytes of names are written `\xHH`.
   */
  readonly lines: readonly string[];
  /** Files whose content was read, because no index knew it. */
  readonly filesHashed: number;
}

/**
 * Digests what was selected. Gives way to the event loop between pieces.
 * @throws StepError `source-changed` if a file is not as long as it was when it was selected
 * @throws CanceledError
 */
export async function selectionDigest(selection: Selection, signal?: AbortSignal): Promise<SelectionDigest> {
  const hasher = openFileHasher(signal);
  const lines: string[] = [];
  for (const source of selection.sources) {
    lines.push(sourceLine(source));
    const firstName = new Map<string, BytePath>();
    for (const file of source.kind === 'file' ? [source.file] : source.files) {
      lines.push(await fileLine(source.tree, file, hasher, firstName));
    }
  }
  for (const { name, content } of selection.heredocs) {
    lines.push(`heredoc ${escaped(bytePathFromText(name))} ${sha256(Buffer.from(content))}`);
  }
  const hex = sha256(Buffer.from(lines.join('\n'), 'latin1'));
  return { digest: digestFromHex(hex), lines, filesHashed: hasher.filesHashed() };
}

function sourceLine(source: SelectedSource): string {
  if (source.kind === 'directory') return `source ${source.argument} directory`;
  const time = source.isDownload ? ` of ${source.file.stat.mtime.seconds}` : '';
  return `source ${source.argument} file ${escaped(source.name)}${time}`;
}

async function fileLine(
  tree: FileTree,
  file: SelectedFile,
  hasher: FileHasher,
  firstName: Map<string, BytePath>,
): Promise<string> {
  const { stat, to } = file;
  const fields = [stat.type, stat.mode.toString(8), `${stat.uid}:${stat.gid}`];
  if (stat.type === 'file') {
    fields.push(String(stat.size), ...(await contentFields(tree, file, hasher)));
  } else {
    const isDevice = stat.type === 'char' || stat.type === 'block';
    fields.push(isDevice ? `${stat.devMajor}:${stat.devMinor}` : '-', '-', xattrField(tree, file));
  }
  fields.push(escaped(to));
  if (stat.type === 'symlink') fields.push('->', escaped(tree.readlink(file.path)));
  if (stat.type === 'file' && stat.linkCount > 1) {
    const first = firstName.get(stat.inode);
    if (first === undefined) firstName.set(stat.inode, to);
    else fields.push('=', escaped(first));
  }
  return fields.join(' ');
}

/**
 * Content digest and attributes of a regular file. The index has both, since a change of either shows in the
 * file's ctime: asking 20,000 files for their attributes takes as long as finding them.
 */
async function contentFields(tree: FileTree, file: SelectedFile, hasher: FileHasher): Promise<string[]> {
  const { path, stat } = file;
  const known = tree.digests?.get(path, stat);
  if (known !== undefined) return [known.slice(0, hexLength), known.slice(hexLength + 1)];
  const [hex, xattrs] = [await hasher.hash(tree, file), xattrField(tree, file)];
  tree.digests?.set(path, stat, `${hex}/${xattrs}`);
  return [hex, xattrs];
}

const hexLength = 64;

function xattrField(tree: FileTree, file: SelectedFile): string {
  const copied = tree.xattrs(file.path).filter(isCopied);
  if (copied.length === 0) return '-';
  return copied.map((x) => `${escaped(x.name)}=${sha256(x.value)}`).join(',');
}

/** One word of printable ASCII for any bytes; the empty name is `.`. */
function escaped(bytes: BytePath): string {
  if (bytes === '') return '.';
  return bytes.replace(/[^!-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
