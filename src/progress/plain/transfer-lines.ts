import type { ProgressEvent } from '../../core/event.ts';
import { harmlessText } from '../text/harmless-text.ts';
import { printSeconds } from '../text/quantities.ts';
import { movedOn, printTransfer, type TransferView } from '../transfers.ts';

/** A transfer says how far it is at most this often. */
const everyMs = 2000;

/**
 * Says how far transfers are: what is moved, how much of it, and since when the step runs.
 * @returns what is to be said of an event; undefined when the transfer was spoken of a moment ago
 */
export function transferLines(): (
  event: ProgressEvent & { type: 'transfer' },
  startedAt: number,
  now: number,
) => string | undefined {
  const transfers = new Map<string, { readonly view: TransferView; readonly saidAt: number }>();
  return (event, startedAt, now) => {
    const key = `${event.id} ${event.name}`;
    const before = transfers.get(key);
    const view = movedOn(event, before?.view);
    const isQuiet = event.done !== true && before !== undefined && now - before.saidAt < everyMs;
    transfers.set(key, { view, saidAt: isQuiet ? before.saidAt : now });
    if (isQuiet) return undefined;
    const elapsed = `${printSeconds(now - startedAt)}${event.done === true ? ' done' : ''}`;
    return `${harmlessText(event.name, false)} ${printTransfer(view)} ${elapsed}`;
  };
}
