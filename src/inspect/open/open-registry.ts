import type { Platform } from '../../core/platform.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import { pipeDownload } from './blob-pipe.ts';
import { openDocumentStore } from './document-store.ts';
import { openManifest } from './open-layout.ts';
import type { ImageBlobs, OpenedImage } from './opened-image.ts';

/**
 * Opens an image of a registry. Its layers are read as they arrive and kept nowhere.
 * @throws StrataError `bad-reference`; RemoteError; IntegrityError
 */
export async function openRemote(
  text: string,
  platform: Platform,
  registry: Registry,
  signal: AbortSignal,
): Promise<OpenedImage> {
  const reference = parseReference(text);
  const name = printReference(reference);
  const documents = openDocumentStore();
  const { manifest } = await registry.resolve(reference, platform, documents, signal);
  const blobs: ImageBlobs = {
    has: async () => true,
    open(info) {
      if (documents.has(info.digest)) return documents.open(info);
      return pipeDownload(async (create, stop) => {
        await registry.fetchBlob(reference, info, { ...documents, create }, () => undefined, stop);
      }, signal);
    },
  };
  const wanted = { platform, hostPlatform: platform };
  const image = await openManifest(name, manifest, blobs, wanted);
  return { ...image, kind: 'registry', reference: name, names: [name], blobs, close: async () => {} };
}
