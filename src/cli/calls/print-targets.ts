import type { Target } from '../../build/calls/targets.ts';
import type { SourceText } from '../../core/source/span.ts';
import { cleanText } from '../print/clean-text.ts';
import { printJSON, printTable } from '../print/print-data.ts';
import { locationOf } from './location.ts';

/** A row for each stage. */
export function printTargets(targets: readonly Target[]): string {
  const rows = targets.map((target) => [shownName(target), target.base, target.description ?? '']);
  return cleanText(printTable(['TARGET', 'BASE', 'DESCRIPTION'], rows), false);
}

function shownName({ name, isDefault }: Target): string {
  if (isDefault) return name === undefined ? '(default)' : `${name} (default)`;
  return name ?? '-';
}

/** The members of buildx's JSON, places with columns (docs/CHECKS.md). */
export function printTargetsJSON(targets: readonly Target[], source: SourceText): string {
  return printJSON({
    targets: targets.map(({ name, isDefault, description, base, platform, span }) => ({
      name,
      default: isDefault,
      description,
      base,
      platform,
      location: locationOf(source, span),
    })),
    sources: [{ filename: source.name }],
  });
}
