import { harmlessLines } from '../../progress/text/harmless-text.ts';

/**
 * What is printed may quote strangers: nothing but our own colours reaches the terminal, and those only on the
 * severity of a diagnostic.
 */
export function cleanText(text: string, usesColors: boolean): string {
  const plain = harmlessLines(text, false);
  if (!usesColors) return plain;
  return plain.replace(/(^|: )(error|warning):/, (_match, before: string, severity: string) => {
    const color = severity === 'error' ? '31' : '33';
    return `${before}\x1b[1;${color}m${severity}:\x1b[0m`;
  });
}
