import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { IntegrityError } from '../../core/errors.ts';

/**
 * The clean path of a member, relative to the root; '' is the root. A leading slash means the root of the
 * image, as everywhere in layers; `..` means harm.
 * @throws IntegrityError `layer-bad-path`
 */
export function cleanMemberPath(path: BytePath): BytePath {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw badPath(path, 'leads out of its directory');
  return parts.join('/');
}

/** IntegrityError `layer-bad-path`; `why` ends the sentence that begins with the path. */
export function badPath(path: BytePath, why: string): IntegrityError {
  return new IntegrityError('layer-bad-path', `"${bytePathToText(path)}" in a layer ${why}`, {
    hint: 'the layer is broken or made to do harm: do not use the image',
  });
}
