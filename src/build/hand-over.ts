/** The end of a build: outputs, and names in the store. */
import { assert } from '../core/assert.ts';
import type { FileTree } from '../core/file-tree.ts';
import { assembleIndex } from '../export/assemble.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, printReference } from '../registry/reference.ts';
import type { PlatformBuild } from './build-platform.ts';
import type { BuiltImage } from './options.ts';
import type { Output } from './outputs.ts';
import type { BuildSession } from './session.ts';

export interface HandedOver {
  readonly images: readonly BuiltImage[];
  /** The manifest for one platform, an index for several; absent when no output is an image. */
  readonly root?: Descriptor;
}

/** Exports what was built to every output, and names it in the store. */
export async function handOver(
  session: BuildSession,
  builds: readonly PlatformBuild[],
  outputs: readonly Output[],
): Promise<HandedOver> {
  const { options, store, io } = session;
  const root = await rootDescriptor(session, builds);
  const tagged = options.tags.map(fullName);
  for (const [index, output] of outputs.entries()) {
    const names = [...new Set([...tagged, ...output.names.map(fullName)])];
    await step(session, `output/${index}`, output.label, async () => {
      if (output.isImage) assert(root !== undefined, 'an output that is an image has one');
      await output.write({
        ...(root === undefined ? {} : { image: { manifest: root, names } }),
        blobs: store.blobs,
        openTree: () => openTree(session, builds),
        signal: io.signal,
      });
      if (output.isStored && root !== undefined) for (const name of names) await store.refs.set(name, root);
    });
  }
  if (root !== undefined) for (const name of tagged) await store.refs.set(name, root);
  const images = builds.flatMap(({ image, platform }): BuiltImage[] =>
    image === undefined
      ? []
      : [{ digest: image.manifest.digest, configDigest: image.config.digest, names: tagged, platform }],
  );
  return root === undefined ? { images } : { images, root };
}

/** The manifest itself for one platform, an index for several. */
async function rootDescriptor(
  { store }: BuildSession,
  builds: readonly PlatformBuild[],
): Promise<Descriptor | undefined> {
  const manifests = builds.flatMap(({ image }) => (image === undefined ? [] : [image.manifest]));
  if (manifests.length < 2) return manifests[0];
  return assembleIndex(manifests, store.blobs);
}

async function openTree({ store, io }: BuildSession, builds: readonly PlatformBuild[]): Promise<FileTree> {
  const [only] = builds;
  assert(only !== undefined && builds.length === 1, 'files are exported for one platform');
  const stack = only.outcome.stack.map((layer) => layer.snapshot);
  await store.layers.ensureFiles(stack, io.signal);
  return store.snapshotter.view(stack);
}

async function step(
  session: BuildSession,
  id: string,
  label: string,
  work: () => Promise<void>,
): Promise<void> {
  const { emit, now, signal } = session.io;
  emit({ type: 'plan', steps: [{ id, label }] });
  emit({ type: 'step', id, state: 'started', at: now() });
  try {
    await work();
    emit({ type: 'step', id, state: 'done', at: now() });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    emit({ type: 'step', id, state: signal.aborted ? 'canceled' : 'failed', at: now(), message });
    throw error;
  }
}

function fullName(text: string): string {
  return printReference(parseReference(text));
}
