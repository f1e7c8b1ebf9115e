/** Which other filesystems a stage's steps read, and the order that gives (spec 4.1, 4.2). */
import type { Platform } from '../../core/platform.ts';
import type { Span } from '../../core/source/span.ts';
import { parseCsvRecord } from '../../dockerfile/parse/csv.ts';
import { optionSpan } from '../../dockerfile/parse/parse-mount.ts';
import { contextSource, fromSource, type SourceNames, type StageSource } from './sources.ts';
import type { StageStep } from './stage-node.ts';

/** One `--from`: what it says and where. */
export interface FromUse {
  readonly by: 'copy' | 'mount';
  readonly text: string;
  readonly span: Span;
}

/** What a `--from` is looked up with. */
export interface SourceScope {
  readonly names: SourceNames;
  readonly platform: Platform;
}

/** Every `--from` of a step, in order. */
export function fromUses({ instruction, firedBy }: StageStep): FromUse[] {
  if (instruction.kind === 'copy') {
    const { from } = instruction;
    return from === undefined || from.raw === ''
      ? []
      : [{ by: 'copy', text: from.raw, span: firedBy ?? from.span }];
  }
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap((mount) => {
    const text = mountFrom(mount.raw);
    if (text === undefined) return [];
    return [{ by: 'mount', text, span: firedBy ?? optionSpan(mount, ['from']) } as const];
  });
}

/** The `from` of a --mount whose type takes files from somewhere; the rest of the options is read later. */
function mountFrom(value: string): string | undefined {
  const record = parseCsvRecord(value);
  const fields = record.ok ? record.fields : [];
  const last = (key: string) =>
    fields.findLast((field) => field.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const type = last('type')?.toLowerCase() ?? 'bind';
  return type === 'bind' || type === 'cache' ? last('from') || undefined : undefined;
}

/** What a `--from` means: a number is a stage's index for COPY and an image's name for a mount; undefined beyond the last stage. */
export function sourceOfUse(use: FromUse, { names, platform }: SourceScope): StageSource | undefined {
  if (use.by === 'mount' || !/^[0-9]+$/.test(use.text)) return fromSource(names, use.text, platform);
  const stage = names.stages[Number(use.text)];
  if (stage === undefined) return names.mayLackStages ? { kind: 'unknown' } : undefined;
  const replacement = stage.name === undefined ? undefined : contextSource(names, stage.name, platform);
  return replacement ?? { kind: 'stage', index: stage.index };
}
