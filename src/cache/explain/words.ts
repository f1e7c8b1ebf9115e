import type { Cause, Detail, FileChange } from './cause.ts';

/** Longer values are cut around the first difference. */
const longestValue = 60;
/** Of more changed files the others are counted. */
const filesNamed = 3;

/** One cause as a phrase without a full stop: `src/main.c changed: content (12 → 14 bytes)`. */
export function sayCause(cause: Cause): string {
  switch (cause.kind) {
    case 'ignored':
      return `${cause.flag} was given`;
    case 'never-built':
      return 'never built before';
    case 'platform':
      return `built before for ${cause.from}, never for ${cause.to}`;
    case 'lost':
      return 'built before, but the result was pruned or lost';
    case 'failed-before':
      return 'failed before, so there is no result';
    case 'other-keys':
      return 'recorded by another version of strata';
    case 'forgotten':
      return 'built before from other inputs, whose record was pruned';
    case 'step':
      return `stands on ${shortLabel(cause.label)}, which ${cause.ran ? 'ran' : 'is not what it was'}`;
    case 'base': {
      const { from, to } = cause;
      if (from.reference !== to.reference) {
        return `base image changed from ${from.reference} to ${to.reference}`;
      }
      return `base image ${to.reference} moved from ${short(from.digest)} to ${short(to.digest)}`;
    }
    case 'setting':
      return change(cause.name, cause.from, cause.to);
    case 'variable': {
      const name = `${cause.as === 'build-arg' ? 'build argument' : 'environment variable'} ${cause.name}`;
      if (cause.isMasked !== true) return change(name, cause.from, cause.to);
      const verb = cause.from === undefined ? 'is new' : cause.to === undefined ? 'is gone' : 'changed';
      return `${name} ${verb} (a secret: not shown)`;
    }
    case 'files': {
      const of = cause.of === undefined ? '' : `of ${cause.of}: `;
      const mount = cause.mount === undefined ? '' : `mounted at ${cause.mount}: `;
      return `${of}${mount}${sayChanges(cause.changes, cause.omitted, cause.of === undefined)}`;
    }
  }
}

function shortLabel(label: string): string {
  const text = label.replace(/\s+/g, ' ');
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1).trimEnd()}…`;
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

function change(name: string, from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `${name} is new: ${quote(to ?? '', 0)}`;
  if (to === undefined) return `${name} is gone: ${quote(from, 0)}`;
  const at = firstDifference(from, to);
  return `${name} changed from ${quote(from, at)} to ${quote(to, at)}`;
}

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

/** As much of a value as fits, in one line, with the place `at` in it. */
function quote(value: string, at: number): string {
  const start =
    value.length <= longestValue ? 0 : Math.max(0, Math.min(at - 15, value.length - longestValue));
  const end = start + longestValue;
  const text = value.slice(start, end).replaceAll('\n', '\\n');
  return `"${start > 0 ? '…' : ''}${text}${end < value.length ? '…' : ''}"`;
}

function sayChanges(
  changes: readonly FileChange[] | undefined,
  omitted: number | undefined,
  isOfContext: boolean,
): string {
  if (changes === undefined) return 'files changed; which ones is not known any more';
  const named = changes.slice(0, filesNamed).map((each) => sayChange(each, isOfContext));
  const others = changes.length - named.length + (omitted ?? 0);
  if (others > 0) named.push(`and ${others} more`);
  return named.join('; ') || 'the order of the files changed';
}

function sayChange(
  { path, change: verb, size, sizeBefore, details }: FileChange,
  isOfContext: boolean,
): string {
  if (verb === 'added') return `${path} is new${size === undefined ? '' : ` (${bytes(size)})`}`;
  if (verb === 'removed') {
    // A file of a context may be there still, behind a new ignore rule.
    const how = isOfContext ? 'gone or ignored' : 'gone';
    return `${path} is ${how}${sizeBefore === undefined ? '' : ` (${bytes(sizeBefore)})`}`;
  }
  return `${path} changed: ${details.map((detail) => sayDetail(detail, sizeBefore, size)).join(', ')}`;
}

function sayDetail(detail: Detail, sizeBefore: number | undefined, size: number | undefined): string {
  const { what, from, to } = detail;
  if (what === 'content') {
    if (size === undefined || sizeBefore === undefined) return 'content';
    return size === sizeBefore
      ? `content (still ${bytes(size)})`
      : `content (${sizeBefore} → ${bytes(size)})`;
  }
  const name = detailNames[what] ?? what;
  if (from === undefined || to === undefined) return name;
  return `${name} ${from === '' ? 'none' : from} → ${to === '' ? 'none' : to}`;
}

const detailNames: Readonly<Record<string, string>> = {
  link: 'link target',
  hardLink: 'hard link',
  xattrs: 'extended attributes',
};

function bytes(count: number): string {
  return `${count} ${count === 1 ? 'byte' : 'bytes'}`;
}
