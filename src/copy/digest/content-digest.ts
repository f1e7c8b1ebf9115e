/**
 * What a COPY takes, as one digest for its cache key (Dockerfile reference, 3.0.1): the sha256 of a list
 * with a line per file, which is kept so that a later miss can name the file that changed. Times are no
 * part of it, and neither is anything that was not selected.
 */
import { type BytePath, bytePathFromText } from '../../core/byte-path.ts';
import { type Digest, digestFromHex } from '../../core/digest.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { KeptMetadata } from '../metadata.ts';
import type { SelectedFile, SelectedSource, Selection } from '../selection.ts';
import type { FileHasher } from './file-hasher.ts';
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
 * @param hasher may have been told of the files while they were selected; the caller ends it
 * @throws StepError `source-changed` if a file is not as long as it was when it was selected
 * @throws CanceledError
 */
export async function selectionDigest(
  selection: Selection,
  kept: KeptMetadata,
  hasher: FileHasher,
): Promise<SelectionDigest> {
  const begun = await hasher.begun();
  let filesHashed = 0;

  const readContent = async (tree: FileTree, file: SelectedFile): Promise<Content> => {
    if (file.stat.type !== 'file') return { digest: '-', xattrs: xattrWord(tree.xattrs(file.path)) };
    filesHashed++;
    return begun.get(file) ?? hasher.read(tree, file);
  };

  const lines: string[] = [];
  for (const source of selection.sources) {
    lines.push(sourceLine(source));
    const { tree } = source;
    const firstName = new Map<string, BytePath>();
    for (const file of filesOf(source)) {
      // Twenty thousand files that are known are worth no promise each.
      let content = knownContent(tree, file);
      if (content === undefined) {
        content = await readContent(tree, file);
        noteContent(tree, file, content);
      }
      lines.push(fileLine(tree, file, kept, content, firstName));
    }
  }
  for (const { name, content } of selection.heredocs) {
    lines.push(`heredoc ${escaped(bytePathFromText(name))} ${sha256(Buffer.from(content))}`);
  }
  const hex = sha256(Buffer.from(lines.join('\n'), 'latin1'));
  return { digest: digestFromHex(hex), lines, filesHashed };
}

function filesOf(source: SelectedSource): readonly SelectedFile[] {
  return source.kind === 'file' ? [source.file] : source.files;
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
