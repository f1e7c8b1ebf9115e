/**
 * The rank rule as data: a folder of `src` may import only folders of a lower rank, and where a row of
 * `onlyImports` names it, only those. docs/ARCHITECTURE.md repeats the table for people.
 */
export const ranks: readonly (readonly string[])[] = [
  ['core'],
  ['sys', 'dockerfile', 'oci', 'tar', 'progress'],
  ['content', 'snapshot', 'context'],
  ['layer', 'registry', 'sandbox'],
  ['plan', 'cache', 'copy'],
  ['solve'],
  ['export', 'inspect'],
  ['build', 'store'],
  ['doctor'],
  ['cli'],
];

/** Folders that see less than their rank allows: what they are for would blur otherwise. */
export const onlyImports: Readonly<Record<string, readonly string[]>> = {
  plan: ['core', 'dockerfile', 'oci'],
  registry: ['core', 'sys', 'oci', 'content'],
};

/** Folders that only these may import. */
export const onlyImportedBy: Readonly<Record<string, readonly string[]>> = {
  progress: ['cli'],
};

/** Packages and Node modules with one door each: who may import them. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['sys'],
  koffi: ['sys'],
  'dockerfile-ast': ['dockerfile'],
  undici: ['registry', 'context'],
  'node:http': ['registry', 'context'],
  'node:https': ['registry', 'context'],
  ora: ['progress'],
  commander: ['cli'],
  'fast-glob': ['context', 'copy'],
};

export function rankOf(folder: string): number | undefined {
  const rank = ranks.findIndex((folders) => folders.includes(folder));
  return rank === -1 ? undefined : rank;
}
