import type { Finding } from '../../oci/validate.ts';
import { type Look, oneLine, paint } from './look.ts';

/** Claims of the image that do not hold; nothing of them is cut. */
export function findingLines(findings: readonly Finding[], look: Look): string[] {
  if (findings.length === 0) return [];
  const lines = findings.map(({ where, code, message }) => `  ${where}: ${oneLine(message)} [${code}]`);
  return ['', paint(look, 'red', `Damaged or wrong (${findings.length})`), ...lines];
}
