import type { Digest } from '../core/digest.ts';
import { StrataError, UsageError } from '../core/errors.ts';
import { asStep } from '../export/as-step.ts';
import { printReceipt, pushToRegistries } from '../export/push.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference } from '../registry/reference.ts';
import { findRefs } from './find-image.ts';
import type { LocalStore } from './local-store.ts';
import type { RegistryWork } from './pull.ts';

/** The members are what `strata push --format json` prints. */
export interface PushedImage {
  /** In full: the registry is a part of it. */
  readonly name: string;
  /** Of the manifest or index. */
  readonly digest: Digest;
}

export interface PushWishes {
  /** All names of the store that differ in the tag alone go with each. */
  readonly allTags: boolean;
}

/**
 * Sends images of the store to the registries that their names begin with; blobs that are there already are
 * not sent.
 * @throws StrataError `no-such-image`; UsageError `name-needed`; RemoteError; IntegrityError `blob-missing`,
 * `blob-damaged`; CanceledError
 */
export async function pushStored(
  texts: readonly string[],
  { allTags }: PushWishes,
  store: LocalStore,
  work: RegistryWork,
): Promise<PushedImage[]> {
  const wanted = new Map<string, Descriptor>();
  for (const text of texts) {
    for (const { name, target } of allTags ? tagsOf(text, store) : [await oneName(text, store)]) {
      wanted.set(name, target);
    }
  }
  // One image under several names goes once to each repository.
  const images = new Map<Digest, { readonly target: Descriptor; readonly names: string[] }>();
  for (const [name, target] of wanted) {
    const image = images.get(target.digest) ?? { target, names: [] };
    images.set(target.digest, image);
    image.names.push(name);
  }
  for (const image of images.values()) await push(image.target, image.names, store, work);
  return [...wanted].map(([name, { digest }]) => ({ name, digest }));
}

async function push(
  target: Descriptor,
  names: readonly string[],
  { blobs, refs }: LocalStore,
  work: RegistryWork,
): Promise<void> {
  const { registry, signal } = work;
  const label = `pushing ${names.join(', ')}`;
  await asStep({ id: label, label }, work, async ({ moved, said }) => {
    const onProgress = (blob: Descriptor, bytes: number) => moved(blob, bytes, bytes === blob.size);
    const services = { blobs, refs, registry, onProgress, signal };
    const pushed = await pushToRegistries(target, names.map(parseReference), services);
    for (const { repository, receipt } of pushed) said(`${repository}: ${printReceipt(receipt)}`);
  });
}

async function oneName(text: string, store: LocalStore) {
  const [found, ...others] = await findRefs(text, store);
  if (others.length === 0) return found;
  throw new UsageError('name-needed', `"${text}" has several names, and each may go to another registry`, {
    hint: `push one of ${[found, ...others].map(({ name }) => name).join(', ')}`,
  });
}

function tagsOf(text: string, { refs }: LocalStore) {
  const { registry, repository } = parseReference(text);
  const found = refs.list().filter(({ name }) => {
    const each = parseReference(name);
    return each.registry === registry && each.repository === repository && each.tag !== undefined;
  });
  if (found.length > 0) return found;
  throw new StrataError('no-such-image', `the store has no tag of ${registry}/${repository}`, {
    hint: '`strata images` lists the names there are',
  });
}
