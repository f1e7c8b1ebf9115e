import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { type Kind, kinds } from '../../store/disk-use/piece.ts';
import type { PruneLimits, PrunePolicy, PruneSelection } from '../../store/prune/policy.ts';
import { parseDuration } from './duration.ts';
import { parseShare } from './share.ts';

export interface PruneFlags {
  readonly all?: boolean;
  readonly olderThan?: string;
  readonly keepSize?: string;
  readonly free?: string;
  readonly kind?: readonly string[];
  readonly filter?: readonly string[];
}

/**
 * What the flags of `strata prune` ask for.
 * @param diskBytes the size of the filesystem that shares are taken of
 * @throws UsageError `bad-flag-value`
 */
export function readPrunePolicy(flags: PruneFlags, diskBytes: () => number): PrunePolicy {
  const { all = false, olderThan, keepSize, free, kind = [], filter = [] } = flags;
  const kindsGiven = kind.map(readKind);
  const select: PruneSelection = {
    ...(kindsGiven.length === 0 ? {} : { kinds: kindsGiven }),
    ...(olderThan === undefined ? {} : { unusedFor: parseDuration('--older-than', olderThan) }),
    ...Object.assign({}, ...filter.map(readFilter)),
  };
  const limits: PruneLimits = {
    ...(keepSize === undefined ? {} : { keepBytes: parseShare('--keep-size', keepSize, diskBytes) }),
    ...(free === undefined ? {} : { freeBytes: parseShare('--free', free, diskBytes) }),
  };
  const hasLimits = Object.keys(limits).length > 0;
  if (!all && !hasLimits && Object.keys(select).length === 0) return {};
  return { select, ...(hasLimits ? { limits } : {}) };
}

function readKind(text: string): Kind {
  const found = kinds.find((kind) => kind === text);
  if (found !== undefined) return found;
  const near = suggest(text, kinds);
  throw new UsageError('bad-flag-value', `--kind ${text}: there is no such kind`, {
    hint: near === undefined ? `the kinds are ${kinds.join(', ')}` : `did you mean "${near}"?`,
  });
}

function readFilter(text: string): PruneSelection {
  const [, key, value] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (value !== undefined) {
    if (key === 'id' || key === 'text') return { [key]: value };
    if (key === 'until') return { unusedFor: parseDuration('--filter until=', value) };
  }
  throw new UsageError('bad-flag-value', `--filter ${text}: unknown filter`, {
    hint: 'the filters are id=…, text=… and until=…',
  });
}
