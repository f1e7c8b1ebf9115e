import type { Ref } from '../content/refs.ts';
import { IntegrityError, StrataError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { familiarName, parseReference, printReference } from '../registry/reference.ts';
import { readVariants } from './image-summary.ts';
import type { LocalStore } from './local-store.ts';

/** A shorter prefix of a digest would too often be a name. */
const shortestID = 6;

/**
 * The names a person means: a name means itself; the digest of a manifest or an id (the digest of a config),
 * or as many of their first hex digits as only one image has, means all names of that image.
 *
 * @returns at least one, all of the same target
 * @throws StrataError `bad-reference`, `no-such-image`, `ambiguous-image`
 */
export async function findRefs(text: string, store: LocalStore): Promise<[Ref, ...Ref[]]> {
  const refs = store.refs.list();
  const name = isID(text) ? undefined : printReference(parseReference(text));
  const named = refs.find((ref) => ref.name === name);
  if (named !== undefined) return [named];
  const [first, ...others] = await findByID(text, refs, store);
  if (first === undefined) throw noSuchImage(text, refs);
  const digests = new Set([first, ...others].map((ref) => ref.target.digest));
  if (digests.size > 1) {
    throw new StrataError('ambiguous-image', `"${text}" is the beginning of more than one image's digest`, {
      hint: `write more of it: ${[...digests].join(', ')}`,
    });
  }
  return [first, ...others];
}

function isID(text: string): boolean {
  return /^(sha256:[0-9a-f]*|[0-9a-f]{64})$/.test(text);
}

async function findByID(text: string, refs: readonly Ref[], { blobs }: LocalStore): Promise<Ref[]> {
  const prefix = text.replace(/^sha256:/, '');
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < shortestID) return [];
  const found: Ref[] = [];
  for (const ref of refs) {
    const digests: string[] = [ref.target.digest];
    try {
      digests.push(...(await readVariants(ref.target, blobs)).map((variant) => variant.configDigest));
    } catch (error) {
      // A damaged image is still found by its own digest.
      if (!(error instanceof IntegrityError)) throw error;
    }
    if (digests.some((digest) => digest.startsWith(`sha256:${prefix}`))) found.push(ref);
  }
  return found;
}

function noSuchImage(text: string, refs: readonly Ref[]): StrataError {
  const names = refs.map((ref) => familiarName(parseReference(ref.name)));
  const near = suggest(text, [...names, ...names.map((name) => name.replace(/:latest$/, ''))]);
  return new StrataError('no-such-image', `there is no image "${text}" in the store`, {
    hint: near === undefined ? '`strata images` lists those there are' : `did you mean "${near}"?`,
  });
}
