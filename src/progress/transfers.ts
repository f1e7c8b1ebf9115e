import type { ProgressEvent } from '../core/event.ts';
import { printBytes } from './text/quantities.ts';

/** How far something that is moved has got. */
export interface TransferView {
  readonly name: string;
  readonly current: number;
  readonly total: number | undefined;
  /** Where it stood when it was first heard of, which may be the middle. */
  readonly from: { readonly bytes: number; readonly at: number };
  readonly at: number;
}

/** What an event says about a transfer of which `before` is known. */
export function movedOn(
  { name, current, total, at }: ProgressEvent & { type: 'transfer' },
  before: TransferView | undefined,
): TransferView {
  const isAnew = before === undefined || current < before.from.bytes;
  return { name, current, total, from: isAnew ? { bytes: current, at } : before.from, at };
}

/** Younger than this, a rate is chance. */
const telling = 500;

/** `2.50MB / 3.20MB 1.19MB/s`, the rate being that since its beginning. */
export function printTransfer({ current, total, from, at }: TransferView): string {
  const amount = total === undefined ? printBytes(current) : `${printBytes(current)} / ${printBytes(total)}`;
  const elapsed = at - from.at;
  if (elapsed < telling || current === from.bytes) return amount;
  return `${amount} ${printBytes(((current - from.bytes) / elapsed) * 1000)}/s`;
}
