import { printPlatform } from '../core/platform.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { documentLimit } from '../oci/json.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-type.ts';
import { parseImageConfig } from '../oci/parse-image-config.ts';
import { checkDocuments, type Finding } from '../oci/validate.ts';
import { checkLayer } from './validate/check-layer.ts';
import { memberChecker } from './validate/check-members.ts';
import { type BlobSource, measured, type Report, reportingIntegrity } from './validate/measured.ts';

/**
 * Recomputes every claim of an image, or of each image of an index, and returns all that do not hold:
 * sizes and digests of all blobs, media types, diffIDs, the counts of layers and history, platforms, and
 * the names and whiteouts in every layer (image-spec, manifest.md, config.md, layer.md). Nothing is
 * believed, the source neither; layers are read as streams.
 * @throws HostError and what else is no fault of the image
 */
export async function validateImage(source: BlobSource, target: Descriptor): Promise<Finding[]> {
  const findings: Finding[] = [];
  const at =
    (where: string): Report =>
    (code, message) =>
      findings.push({ code, where, message });
  if (isIndexType(target.mediaType)) findings.push(...(await validateIndex(source, target, at)));
  else findings.push(...(await validateManifest(source, target, at)));
  return findings;
}

type At = (where: string) => Report;

async function validateIndex(source: BlobSource, target: Descriptor, at: At): Promise<Finding[]> {
  const index = await readDocument(source, target, parseIndex, at('index'));
  if (index === undefined) return [];
  checkOwnType(index.mediaType, target, at('index'));
  const findings: Finding[] = [];
  for (const [place, manifest] of index.manifests.entries()) {
    const { platform } = manifest;
    const where = platform === undefined ? `manifest ${place}` : printPlatform(platform);
    // Attestations have the shape of an image and the content of something else.
    if (platform?.os === 'unknown') {
      await readDocument(source, manifest, parseManifest, at(where));
      continue;
    }
    const found = await validateImage(source, manifest);
    findings.push(...found.map((finding) => ({ ...finding, where: `${where}: ${finding.where}` })));
  }
  return findings;
}

async function validateManifest(source: BlobSource, target: Descriptor, at: At): Promise<Finding[]> {
  const manifest = await readDocument(source, target, parseManifest, at('manifest'));
  if (manifest === undefined) return [];
  checkOwnType(manifest.mediaType, target, at('manifest'));
  const config = await readDocument(source, manifest.config, parseImageConfig, at('config'));
  if (config !== undefined) checkPlatform(target, config, at('config'));
  const { startLayer } = memberChecker();
  for (const [place, layer] of manifest.layers.entries()) {
    const report = at(`layer ${place}`);
    await checkLayer(source, layer, config?.rootfs.diff_ids[place], startLayer(report), report);
  }
  return config === undefined ? [] : checkDocuments(manifest, config);
}

function checkOwnType(own: string | undefined, target: Descriptor, report: Report): void {
  if (own === undefined || own === target.mediaType) return;
  report('media-type', `it calls itself "${own}", its descriptor calls it "${target.mediaType}"`);
}

function checkPlatform({ platform }: Descriptor, config: ImageConfig, report: Report): void {
  if (platform === undefined) return;
  const [said, is] = [printPlatform(platform), printPlatform(config)];
  if (said !== is) report('platform', `it is for ${is}, the index says ${said}`);
}

/** Reads and checks a document; undefined when there is nothing that can be looked into. */
async function readDocument<T>(
  source: BlobSource,
  target: Descriptor,
  parse: (bytes: Uint8Array) => T,
  report: Report,
): Promise<T | undefined> {
  if (target.size > documentLimit) {
    report('blob-too-large', `a document of ${target.size} bytes (the limit is ${documentLimit})`);
    return undefined;
  }
  return reportingIntegrity(report, async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of measured(source, target, report)) chunks.push(chunk);
    return parse(Buffer.concat(chunks));
  });
}
