import type { FieldDifference } from '../../inspect/diff/compare-config.ts';
import { entryOf, isDate } from '../../inspect/diff/find-reasons.ts';

/**
 * Whether a field that differs is worth a line of its own: when each step ran is told in one, and of an entry that one
 * image lacks its instruction says enough.
 */
export function isNews({ field, a, b }: FieldDifference): boolean {
  if (isStepDate(field)) return false;
  return entryOf(field) === undefined || (a !== null && b !== null) || field.endsWith('.created_by');
}

/** Whether a field says when a step of the history ran. */
export function isStepDate(field: string): boolean {
  return isDate(field) && entryOf(field) !== undefined;
}
