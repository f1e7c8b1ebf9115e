import { IntegrityError } from '../../core/errors.ts';
import type { TarEntry } from '../../tar/entry.ts';

/** What the files of an image may take of memory. Real images stay below by far. */
export interface TreeBudget {
  files: number;
  /** Of names, link targets and attributes. */
  bytes: number;
}

const limits: Readonly<TreeBudget> = { files: 1_200_000, bytes: 1 << 28 };

/** That of one image. */
export function treeBudget(): TreeBudget {
  return { ...limits };
}

/** What is said of an image that wants more. */
export const harmful = 'it may be made to do harm: do not unpack it';

/**
 * Takes from a budget what a member needs.
 * @throws IntegrityError `image-too-many-files`
 */
export function spend(budget: TreeBudget, { path, link, xattrs }: TarEntry): void {
  budget.files--;
  budget.bytes -= path.length + link.length;
  for (const { name, value } of xattrs) budget.bytes -= name.length + value.length;
  if (budget.files >= 0 && budget.bytes >= 0) return;
  throw new IntegrityError(
    'image-too-many-files',
    `it has more than ${limits.files} files, or more than ${limits.bytes} bytes of names and attributes`,
    { hint: harmful },
  );
}
