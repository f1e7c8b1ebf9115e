import { StrataError, UsageError } from '../core/errors.ts';
import { parseReference, printReference } from '../registry/reference.ts';
import { findRefs } from './find-image.ts';
import type { LocalStore } from './local-store.ts';

/**
 * Gives an image a further name; a name that stood for another image stands for this one from then on.
 * @returns the full name
 * @throws StrataError `bad-reference`, `no-such-image`, `ambiguous-image`; UsageError `name-with-digest`
 */
export async function tagImage(source: string, name: string, store: LocalStore): Promise<string> {
  const reference = parseReference(name);
  if (reference.digest !== undefined) {
    throw new UsageError('name-with-digest', `"${name}": a name to be given has no digest`);
  }
  const [{ target }] = await findRefs(source, store);
  const full = printReference(reference);
  await store.refs.set(full, target);
  return full;
}

/**
 * Takes names away; an image given by digest or id loses all of its names. What they stood for stays on the
 * disk until it is pruned: other images and the cache may share it. Nothing is removed when one is missing.
 *
 * @param isForced what is not there is no error
 * @returns the full names that were removed
 * @throws StrataError `bad-reference`, `no-such-image`, `ambiguous-image`
 */
export async function removeImages(
  images: readonly string[],
  store: LocalStore,
  isForced: boolean,
): Promise<string[]> {
  const doomed = new Set<string>();
  for (const image of images) {
    try {
      for (const { name } of await findRefs(image, store)) doomed.add(name);
    } catch (error) {
      if (!isForced || !(error instanceof StrataError) || error.code !== 'no-such-image') throw error;
    }
  }
  const removed: string[] = [];
  for (const name of doomed) if (await store.refs.remove(name)) removed.push(name);
  return removed;
}
