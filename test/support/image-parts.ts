/** Small images made of parts, any of which may be wrong. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { type BlobDigest, type DiffID, digestFromHex } from '../../src/core/digest.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';

export type Member = Partial<Header> & { readonly name: string; readonly content?: string };

/** A regular file of an archive. */
export const file = (name: string, content = 'x', header: Partial<Header> = {}): Member => ({
  ...header,
  name,
  content,
});
export const directory = (name: string, header: Partial<Header> = {}): Member => ({
  ...header,
  name,
  type: 'directory',
});

/** The archive of these members; times are 1970 where a member has none of its own. */
export async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of members)
    archive.entry({ mtime: new Date(0), ...header }, content ?? '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface ImageParts {
  readonly layers?: readonly (readonly Member[])[];
  /** Instead of `layers`. */
  readonly tars?: readonly Uint8Array[];
  readonly compress?: (tar: Uint8Array) => Uint8Array;
  readonly layerType?: string;
  /** Laid over the config, and over the manifest. */
  readonly config?: object;
  readonly manifest?: object;
  readonly history?: readonly object[];
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** A blob as it is called, whatever its bytes are. */
export function describeBlob(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestFromHex<BlobDigest>(hexOf(bytes)), size: bytes.length };
}

/**
 * Stores an image; it has no name yet.
 * @param put stores a blob
 */
export async function makeImage(
  parts: ImageParts,
  put: (bytes: Uint8Array, mediaType: string) => Descriptor,
): Promise<{ manifest: Descriptor; config: Descriptor; layers: Descriptor[] }> {
  const { compress = gzipSync, layerType = mediaTypes.ociLayerGzip } = parts;
  const tars = parts.tars ?? (await Promise.all((parts.layers ?? []).map(tarOf)));
  const layers = tars.map((tar) => put(compress(tar), layerType));
  const config = put(
    encodeJSON({
      os: 'linux',
      architecture: 'amd64',
      ...parts.platform,
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestFromHex<DiffID>(hexOf(tar))) },
      history: parts.history ?? tars.map((_, index) => ({ created_by: `step ${index}` })),
      ...parts.config,
    }),
    mediaTypes.ociConfig,
  );
  const mediaType = mediaTypes.ociManifest;
  const manifest = { schemaVersion: 2, mediaType, config, layers, ...parts.manifest };
  return { manifest: put(encodeJSON(manifest), mediaType), config, layers };
}

function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
