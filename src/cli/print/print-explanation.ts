import type { BuildRecord, RecordedStep } from '../../build/record/build-record.ts';
import { sayCause } from '../../cache/explain/words.ts';
import { cleanText } from './clean-text.ts';

/**
 * For every step whether it was a hit and where from, or a miss and why:
 *
 *     hit   [1/3] COPY lib lib
 *             in this store
 *     miss  [2/3] COPY src src
 *             src/main.c changed: content (12 → 14 bytes)
 */
export function printExplanation({ plans }: BuildRecord): string {
  const lines = plans.flatMap(({ steps }) => steps.flatMap(printStep));
  return lines.length === 0 ? 'no steps\n' : `${lines.map((line) => cleanText(line, false)).join('\n')}\n`;
}

function printStep(step: RecordedStep): string[] {
  return [
    `${verdict(step).padEnd(4)}  ${oneLine(step.label)}`,
    ...reasons(step).map((line) => `        ${line}`),
  ];
}

function verdict({ result }: RecordedStep): string {
  if (result === 'cached') return 'hit';
  return result === undefined ? '-' : 'miss';
}

function reasons({ result, from, isCovered, causes = [] }: RecordedStep): string[] {
  if (result === undefined) return ['the build ended before it'];
  if (isCovered === true) return ['not needed: what stands on it was a hit'];
  if (result === 'cached') return [from === undefined ? 'in this store' : `from ${from}`];
  return [...causes.map(sayCause), ...(result === 'failed' ? ['and failed'] : [])].map(oneLine);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
