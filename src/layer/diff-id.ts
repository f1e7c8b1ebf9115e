import type { DiffID } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';

/**
 * Holds the digest of a layer's tar against the one that its image says.
 * @param layer what the layer is called in the message
 * @throws IntegrityError `diff-id-mismatch`
 */
export function assertDiffID(got: DiffID, want: DiffID, layer = 'a layer'): void {
  if (got === want) return;
  throw new IntegrityError('diff-id-mismatch', `${layer} unpacks to ${got}, its image says ${want}`, {
    hint: 'the image is broken: its layers and its config do not belong together',
  });
}
