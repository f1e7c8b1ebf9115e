import { type Manifest, mediaTypes } from './descriptor.ts';
import type { ImageConfig } from './image-config.ts';
import { findLayerCompression, isConfigType, isManifestType, toDockerType, toOCIType } from './media-type.ts';

/** One claim of an image that does not hold. */
export interface Finding {
  /** Stable kebab-case. */
  readonly code: string;
  /** What makes the claim: `config`, `layer 2`. */
  readonly where: string;
  readonly message: string;
}

/**
 * What a manifest and its config say about each other and about themselves, without looking at any other
 * blob: layer and history counts (image-spec, config.md), media types, platform.
 */
export function checkDocuments(manifest: Manifest, config: ImageConfig): Finding[] {
  return [...checkCounts(manifest, config), ...checkMediaTypes(manifest), ...checkPlatform(config)];
}

function checkCounts(manifest: Manifest, config: ImageConfig): Finding[] {
  const findings: Finding[] = [];
  const layers = manifest.layers.length;
  const diffIDs = config.rootfs.diff_ids.length;
  if (layers !== diffIDs) {
    findings.push({
      code: 'diff-id-count',
      where: 'config',
      message: `the manifest has ${layers} layers, rootfs.diff_ids has ${diffIDs}`,
    });
  }
  // Images without any history are allowed; a history that is there has to account for every layer.
  if (config.history !== undefined && config.history.length > 0) {
    const made = config.history.filter((entry) => entry.empty_layer !== true).length;
    if (made !== diffIDs) {
      findings.push({
        code: 'history-count',
        where: 'config',
        message: `history has ${made} entries that made a layer, rootfs.diff_ids has ${diffIDs}`,
      });
    }
  }
  return findings;
}

function checkMediaTypes(manifest: Manifest): Finding[] {
  const findings: Finding[] = [];
  const add = (where: string, message: string) => findings.push({ code: 'media-type', where, message });
  const own = manifest.mediaType ?? mediaTypes.ociManifest;
  if (!isManifestType(own)) add('manifest', `"${own}" is not the media type of a manifest`);
  if (!isConfigType(manifest.config.mediaType))
    add('config', `"${manifest.config.mediaType}" is not the media type of an image config`);
  // Docker's documents name Docker's types throughout, OCI's name OCI's; readers reject a mixture.
  const wanted = own === mediaTypes.dockerManifest ? toDockerType : toOCIType;
  const parts = [
    ['config', manifest.config.mediaType] as const,
    ...manifest.layers.map((layer, index) => [`layer ${index}`, layer.mediaType] as const),
  ];
  for (const [where, mediaType] of parts) {
    if (where !== 'config' && findLayerCompression(mediaType) === undefined)
      add(where, `"${mediaType}" is not the media type of a layer`);
    else if (wanted(mediaType) !== mediaType) add(where, `"${mediaType}" in a manifest of type "${own}"`);
  }
  return findings;
}

function checkPlatform(config: ImageConfig): Finding[] {
  const missing = (['os', 'architecture'] as const).filter((name) => config[name] === '');
  return missing.map((name) => ({ code: 'platform', where: 'config', message: `${name} is empty` }));
}
