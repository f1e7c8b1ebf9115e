import { readFileSync, statSync } from 'node:fs';
import { blobPath } from '../../content/layout.ts';
import { type Ref, readRefs } from '../../content/refs.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseIndex, parseManifest } from '../../oci/manifest.ts';
import { isIndexType, isManifestType } from '../../oci/media-type.ts';
import type { Piece } from './piece.ts';
import { blobID } from './read-content.ts';

/**
 * The names of a layout as pieces without bytes, each needing all that is there of its image. Those a person
 * gave stay; those a build took up for a FROM may go.
 */
export function readNames(layout: string): Piece[] {
  return readRefs(layout).map((ref) => nameOf(layout, ref));
}

function nameOf(layout: string, { name, target, isBase }: Ref): Piece {
  const stat = statSync(blobPath(layout, target.digest), { throwIfNoEntry: false });
  const blobs = new Set<string>();
  visit(layout, target, blobs);
  return {
    id: `name ${name}`,
    kind: 'base',
    label: name,
    role: isBase === true ? 'entry' : 'kept',
    paths: [],
    bytes: 0,
    needs: [...blobs],
    usedAt: stat?.mtimeMs ?? 0,
    changedAt: stat?.ctimeMs ?? 0,
  };
}

function visit(layout: string, descriptor: Descriptor, blobs: Set<string>): void {
  const id = blobID(descriptor.digest);
  if (blobs.has(id)) return;
  blobs.add(id);
  for (const child of childrenOf(layout, descriptor)) visit(layout, child, blobs);
}

/** What a document names; nothing when it is not there, or is damaged: then nobody can use the image. */
function childrenOf(layout: string, { mediaType, digest }: Descriptor): readonly Descriptor[] {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return [];
  try {
    const bytes = readFileSync(blobPath(layout, digest));
    if (digestBytes(bytes) !== digest) return [];
    if (isIndexType(mediaType)) return parseIndex(bytes).manifests;
    const { config, layers } = parseManifest(bytes);
    return [config, ...layers];
  } catch {
    return [];
  }
}
