import { type BytePath, bytePathToText, cleanBeneath } from '../../core/byte-path.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { TarEntry } from '../../tar/entry.ts';
import type { TarHandler } from '../../tar/parser.ts';
import { readWhiteout } from '../whiteout.ts';
import type { Report } from './measured.ts';

/** More of one kind in one layer say nothing new. */
const mostAlike = 20;

/**
 * Checks the names of an image's members, layer by layer, lowest first: none twice in a layer, none that
 * leads out of the root, hard links to something that is there, whiteouts as image-spec, layer.md has them.
 * @returns called once for each layer
 */
export function memberChecker(): (report: Report) => TarHandler {
  /** All that hard links may name, of this layer and those below. */
  const known = new Set<BytePath>();
  return (report) => {
    const limited = limit(report);
    const present = new Set<BytePath>();
    const deleted = new Set<BytePath>();
    return {
      entry(entry) {
        const path = cleanBeneath(entry.path);
        checkName('escaping-name', entry.path, limited);
        if (entry.type === 'hardlink') checkLink(entry, known, limited);
        const deletes = checkWhiteout(entry, path, limited);
        if (deletes === undefined) {
          if (present.has(path) && path !== '') limited('duplicate-name', `${quote(path)} is there twice`);
          present.add(path);
          known.add(path);
        } else {
          if (deleted.has(deletes)) limited('duplicate-name', `${quote(path)} is there twice`);
          deleted.add(deletes);
        }
        if (deletes === undefined ? deleted.has(path) : present.has(deletes)) {
          limited('whiteout-conflict', `${quote(deletes ?? path)} is there and deleted by the same layer`);
        }
      },
      data() {},
      entryEnd() {},
    };
  };
}

function checkName(code: string, path: BytePath, report: Report): void {
  if (path.startsWith('/')) report(code, `${quote(path)} is absolute`);
  else if (path.split('/').includes('..')) report(code, `${quote(path)} has ".." in it`);
}

function checkLink({ path, link }: TarEntry, known: ReadonlySet<BytePath>, report: Report): void {
  checkName('escaping-link', link, report);
  if (!known.has(cleanBeneath(link))) {
    report(
      'missing-link-target',
      `${quote(path)} is a hard link to ${quote(link)}, which no member before it is`,
    );
  }
}

/** What a whiteout deletes, by a name no member can have for opaque directories; undefined for other members. */
function checkWhiteout(entry: TarEntry, path: BytePath, report: Report): BytePath | undefined {
  try {
    const whiteout = readWhiteout(path);
    if (whiteout === undefined || whiteout.kind === 'ignored') return undefined;
    if (entry.type !== 'file' || entry.size > 0)
      report('bad-whiteout', `${quote(path)} is not an empty file`);
    return whiteout.kind === 'opaque' ? `${whiteout.path}/` : whiteout.path;
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
