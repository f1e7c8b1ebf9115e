/**
 * What a COPY takes, as one digest for its cache key (Dockerfile reference, 3.0.1): the sha256 of a list
 * with a line per file, which is kept so that a later miss can name the file that changed. Times are no
 * part of it, and neither is anything that was not selected.
 */
import { type BytePath, bytePathFromText } from '../../core/byte-path.ts';
import { type Digest, digestFromHex } from '../../core/digest.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { type KeptMetadata, keptMetadata } from '../metadata.ts';
import type { SelectedFile, SelectedSource, Selection } from '../selection.ts';
import { type FileHasher, openFileHasher } from './file-hasher.ts';
import type { UpcomingFile } from './hash-ahead.ts';
import { type Content, knownContent, noteContent } from './known-content.ts';
import { escaped, sha256, xattrWord } from './words.ts';

export interface SelectionDigest {
  readonly digest: Digest;
  /**
   * One line per source (`source 0 directory`, `source 1 file NAME`, `heredoc NAME`) and per file: type,
   * mode, owner, size (major:minor for devices), content digest, extended attributes, path, symlink target.
   * Fields that do not apply, or that the layer does not keep, are `-`; odd bytes of names are written `\xHH`.
   */
  readonly lines: readonly string[];
  /** Files whose content was read, because no index knew it. */
  readonly filesHashed: number;
}

/**
 * Digests what was selected, as far as the layer keeps it. Gives way to the event loop between pieces.
 * @throws StepError `source-changed` if a file is not as long as it was when it was selected
 * @throws CanceledError
 */
export async function selectionDigest(
  selection: Selection,
  kept: KeptMetadata = keptMetadata({}),
  signal?: AbortSignal,
): Promise<SelectionDigest> {
  const hasher = openFileHasher(() => unknownFromLast(selection), signal);
  try {
    return await digestBy(hasher, selection, kept);
  } finally {
    await hasher.end();
  }
}

async function digestBy(
  hasher: FileHasher,
  selection: Selection,
  kept: KeptMetadata,
): Promise<SelectionDigest> {
  const lines: string[] = [];
  for (const source of selection.sources) {
    lines.push(sourceLine(source));
    const firstName = new Map<string, BytePath>();
    for (const file of filesOf(source)) {
      // Twenty thousand files that are known are worth no promise each.
      const about = knownContent(source.tree, file) ?? (await readContent(source.tree, file, hasher));
      lines.push(fileLine(source.tree, file, kept, about, firstName));
    }
  }
  for (const { name, content } of selection.heredocs) {
    lines.push(`heredoc ${escaped(bytePathFromText(name))} ${sha256(Buffer.from(content))}`);
  }
  const hex = sha256(Buffer.from(lines.join('\n'), 'latin1'));
  return { digest: digestFromHex(hex), lines, filesHashed: hasher.filesHashed() };
}

function filesOf(source: SelectedSource): readonly SelectedFile[] {
  return source.kind === 'file' ? [source.file] : source.files;
}

/** Files whose content has to be read, last first. */
function* unknownFromLast({ sources }: Selection): Generator<UpcomingFile, void, undefined> {
  for (const source of sources.toReversed()) {
    const { directory } = source.tree;
    if (directory === undefined) continue;
    const files = filesOf(source);
    for (let at = files.length - 1; at >= 0; at--) {
      const file = files[at];
      if (file?.stat.type !== 'file' || knownContent(source.tree, file) !== undefined) continue;
      yield { directory, file };
    }
  }
}

function sourceLine(source: SelectedSource): string {
  if (source.kind === 'directory') return `source ${source.argument} directory`;
  const time = source.isDownload ? ` of ${source.file.stat.mtime.seconds}` : '';
  return `source ${source.argument} file ${escaped(source.name)}${time}`;
}

function fileLine(
  tree: FileTree,
  { stat, path, to }: SelectedFile,
  kept: KeptMetadata,
  about: Content,
  firstName: Map<string, BytePath>,
): string {
  const { type } = stat;
  const isDevice = type === 'char' || type === 'block';
  const size = type === 'file' ? stat.size : isDevice ? `${stat.devMajor}:${stat.devMinor}` : '-';
  const owner = kept.keepsOwner ? `${stat.uid}:${stat.gid}` : '-';
  const mode = kept.mode(stat)?.toString(8) ?? '-';
  let line = `${type} ${mode} ${owner} ${size} ${about.digest} ${about.xattrs} ${escaped(to)}`;
  if (type === 'symlink') line += ` -> ${escaped(tree.readlink(path))}`;
  if (type === 'file' && stat.linkCount > 1) {
    const first = firstName.get(stat.inode);
    if (first === undefined) firstName.set(stat.inode, to);
    else line += ` = ${escaped(first)}`;
  }
  return line;
}

async function readContent(tree: FileTree, file: SelectedFile, hasher: FileHasher): Promise<Content> {
  const isFile = file.stat.type === 'file';
  const content = isFile
    ? await hasher.read(tree, file)
    : { digest: '-', xattrs: xattrWord(tree, file.path) };
  noteContent(tree, file, content);
  return content;
}
