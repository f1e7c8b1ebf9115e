import type { ChainID, DiffID, Digest } from '../core/digest.ts';
import { digestBytes } from '../core/digest-bytes.ts';

/**
 * The identity of the stack up to and including each layer, lowest first (image-spec, config.md, "Layer
 * ChainID").
 */
export function chainIDs(diffIDs: readonly DiffID[]): ChainID[] {
  const chain: ChainID[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    chain.push(below === undefined ? (diffID as Digest as ChainID) : stack(below, diffID));
  }
  return chain;
}

function stack(below: ChainID, diffID: DiffID): ChainID {
  return digestBytes<ChainID>(`${below} ${diffID}`);
}
