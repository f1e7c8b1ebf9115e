import { type BytePath, bytePathToText, cleanBeneath } from '../../core/byte-path.ts';
import { IntegrityError } from '../../core/errors.ts';
import { column } from '../../core/tables/column.ts';
import { type PathId, type PathTable, pathTable } from '../../core/tables/path-table.ts';
import type { TarEntry } from '../../tar/entry.ts';
import type { TarHandler } from '../../tar/parser.ts';
import { readWhiteout, type Whiteout } from '../whiteout.ts';
import type { Report } from './measured.ts';

/** More of one kind in one layer say nothing new. */
const mostAlike = 20;

/** No file with a longer path can be opened (Linux's PATH_MAX). */
export const longestPath = 4096;

type DeletingWhiteout = Exclude<Whiteout, { readonly kind: 'ignored' }>;

/** What was met of a path, as bits: in this layer or one below it, in this layer, deleted by this layer, opaque in it. */
const known = 1;
const present = 2;
const deleted = 4;
const opaque = 8;

export interface MemberChecker {
  /** Begins the next layer: what comes back sees its members. */
  startLayer(report: Report): TarHandler;
  /** Says of a path that a layer has it that is not looked at. */
  know(path: PathId): void;
}

/**
 * Checks the names of an image's members, layer by layer, lowest first: none twice in a layer, none that
 * leads out of the root, hard links to something that is there, whiteouts as image-spec, layer.md has them.
 * Members with names that no file can have are told and not looked at further.
 * @param paths takes up all names
 */
export function memberChecker(paths: PathTable = pathTable()): MemberChecker {
  const marks = column(Uint8Array);
  /** Those with marks of this layer. */
  let marked: PathId[] = [];
  const has = (path: PathId, mark: number) => (marks.get(path) & mark) !== 0;
  const note = (path: PathId, mark: number) => {
    if (!has(path, present | deleted | opaque)) marked.push(path);
    marks.set(path, marks.get(path) | mark);
  };

  function isKnown(link: BytePath): boolean {
    const target = paths.find(cleanBeneath(link));
    return target !== undefined && has(target, known);
  }

  function startLayer(report: Report): TarHandler {
    const limited = limit(report);
    for (const path of marked) marks.set(path, marks.get(path) & known);
    marked = [];
    return {
      entry(entry) {
        if (entry.path.length > longestPath) {
          const start = quote(`${entry.path.slice(0, 40)}…`);
          limited('path-too-long', `a name in it has ${entry.path.length} bytes: ${start}`);
          return;
        }
        const text = cleanBeneath(entry.path);
        checkName('escaping-name', entry.path, limited);
        if (entry.type === 'hardlink') checkLink(entry, isKnown, limited);
        const whiteout = checkWhiteout(entry, text, limited);
        const path = paths.add(whiteout?.path ?? text);
        const mark = whiteout === undefined ? present : whiteout.kind === 'opaque' ? opaque : deleted;
        if (has(path, mark) && text !== '') limited('duplicate-name', `${quote(text)} is there twice`);
        note(path, mark === present ? present | known : mark);
        if (has(path, present) && has(path, deleted) && mark !== opaque) {
          limited(
            'whiteout-conflict',
            `${quote(whiteout?.path ?? text)} is there and deleted by the same layer`,
          );
        }
      },
      data() {},
      entryEnd() {},
    };
  }

  return { startLayer, know: (path) => marks.set(path, marks.get(path) | known) };
}

function checkName(code: string, path: BytePath, report: Report): void {
  if (path.startsWith('/')) report(code, `${quote(path)} is absolute`);
  else if (path.split('/').includes('..')) report(code, `${quote(path)} has ".." in it`);
}

function checkLink({ path, link }: TarEntry, isKnown: (link: BytePath) => boolean, report: Report): void {
  checkName('escaping-link', link, report);
  if (!isKnown(link)) {
    report(
      'missing-link-target',
      `${quote(path)} is a hard link to ${quote(link)}, which no member before it is`,
    );
  }
}

/** What a whiteout deletes; undefined for other members. */
function checkWhiteout(entry: TarEntry, path: BytePath, report: Report): DeletingWhiteout | undefined {
  try {
    const whiteout = readWhiteout(path);
    if (whiteout === undefined || whiteout.kind === 'ignored') return undefined;
    if (entry.type !== 'file' || entry.size > 0)
      report('bad-whiteout', `${quote(path)} is not an empty file`);
    return whiteout;
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    report('bad-whiteout', error.message);
    return undefined;
  }
}

function limit(report: Report): Report {
  const counts = new Map<string, number>();
  return (code, message) => {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    if (count <= mostAlike) report(code, message);
    if (count === mostAlike + 1) report(code, 'further ones of this kind are not listed');
  };
}

function quote(path: BytePath): string {
  return JSON.stringify(bytePathToText(path));
}
