/** The end of a build: outputs, and names in the store. */
import type { BlobStore } from '../../content/blob-store.ts';
import { assert } from '../../core/assert.ts';
import { asStep, type StepReporter } from '../../export/as-step.ts';
import { datedTree } from '../../export/dated-tree.ts';
import type { PlatformTree } from '../../export/platform-trees.ts';
import { printReceipt, pushToRegistries } from '../../export/push.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { PlatformBuild } from '../build-platform.ts';
import type { BuiltImage } from '../options.ts';
import type { BuildSession } from '../session.ts';
import type { Output } from './output.ts';
import { remoteBlobs } from './remote-blobs.ts';
import { imageShaper, type ShapeImage } from './shape-image.ts';

export interface HandedOver {
  readonly images: readonly BuiltImage[];
  /** What the image is called in the output it is told from. */
  readonly names: readonly string[];
  /** The manifest for one platform, an index for several; absent when no output is an image. */
  readonly root?: Descriptor;
}

/**
 * Exports what was built to every output, and names it in the store if all of it is there: as it is there, else
 * as the first output has it that is an image.
 */
export async function handOver(
  session: BuildSession,
  builds: readonly PlatformBuild[],
  outputs: readonly Output[],
): Promise<HandedOver> {
  const { options, store } = session;
  const shape = imageShaper(session, builds);
  for (const [index, output] of outputs.entries()) {
    await asStep({ id: `output/${index}`, label: output.label }, session.io, (report) =>
      writeOutput(session, builds, output, shape, report),
    );
  }
  const main = outputs.find(({ isStored }) => isStored) ?? outputs.find(({ form }) => form !== undefined);
  if (main?.form === undefined) return { images: [], names: [] };
  const { root, images } = await shape(main.form);
  const names = options.tags.map((tag) => printReference(parseReference(tag)));
  // One that is in a registry only, or in part, has no name here.
  if (isWhole(builds, store.blobs)) for (const name of names) await store.refs.set(name, root);
  const built = images.map(({ manifest, config, layers }, index): BuiltImage => {
    const platform = builds[index]?.platform;
    assert(platform !== undefined, 'every image was built for a platform');
    return { digest: manifest.digest, configDigest: config.digest, layers, names, platform };
  });
  return { images: built, names: main.names, root };
}

async function writeOutput(
  session: BuildSession,
  builds: readonly PlatformBuild[],
  { form, names, isStored, write }: Output,
  shape: ShapeImage,
  { moved, said }: StepReporter,
): Promise<void> {
  const { blobs, refs } = session.store;
  const { signal } = session.io;
  const manifest = form === undefined ? undefined : (await shape(form)).root;
  // Before it is pushed: what took long to build is not lost because a registry is away.
  if (isStored && manifest !== undefined) for (const name of names) await refs.set(name, manifest);
  await write({
    ...(manifest === undefined ? {} : { image: { manifest, names } }),
    blobs,
    openTrees: () => openTrees(session, builds),
    async push(root, references) {
      const onProgress = (blob: Descriptor, bytes: number) => moved(blob, bytes, bytes === blob.size);
      const remote = remoteBlobs(session);
      const services = { blobs, refs, registry: session.registry, remote, onProgress, signal };
      const pushed = await pushToRegistries(root, references, services);
      session.pushes.push(...pushed);
      for (const { repository, receipt } of pushed) said(`${repository}: ${printReceipt(receipt)}`);
    },
    signal,
  });
}

function isWhole(builds: readonly PlatformBuild[], blobs: BlobStore): boolean {
  return builds.every(({ content }) => content?.layers.every(({ descriptor }) => blobs.holds(descriptor)));
}

/** Files of a build with a time are all of that time, as BuildKit exports them. */
async function openTrees(
  { store, io }: BuildSession,
  builds: readonly PlatformBuild[],
): Promise<readonly PlatformTree[]> {
  return Promise.all(
    builds.map(async ({ platform, plan, outcome }) => {
      const stack = outcome.stack.map((layer) => layer.snapshot);
      await store.layers.ensureFiles(stack, io.signal);
      const tree = store.snapshotter.view(stack);
      const { epochSeconds } = plan.image;
      if (epochSeconds === undefined) return { platform, tree, seconds: 0 };
      return { platform, tree: datedTree(tree, epochSeconds), seconds: epochSeconds };
    }),
  );
}
