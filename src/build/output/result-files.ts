import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { outputError } from '../../export/destination.ts';
import type { BuildOptions } from '../options.ts';
import type { BuildRecord } from '../record/build-record.ts';
import { stepMetadata } from '../record/step-metadata.ts';
import type { HandedOver } from './hand-over.ts';

/**
 * Before a build: sees that the files can be written, and removes the id of an image that is not what this build
 * makes. A device stays.
 * @throws HostError `output-unusable`
 */
export function prepareResultFiles({ iidFile, metadataFile }: BuildOptions): void {
  for (const path of [iidFile, metadataFile]) {
    if (path === undefined) continue;
    try {
      statSync(`${dirname(path)}/`);
      if (path === iidFile && lstatSync(path, { throwIfNoEntry: false })?.isFile()) unlinkSync(path);
    } catch (error) {
      throw outputError(error, path);
    }
  }
}

/**
 * Writes `--iidfile` and `--metadata-file` as buildx does: docs/BUILDS.md tells which members are there for which
 * output, and describes our own, `strata.build` and `strata.steps`.
 * @throws HostError `output-unusable`, `disk-full`
 */
export async function writeResultFiles(
  { iidFile, metadataFile }: BuildOptions,
  handed: HandedOver,
  record: BuildRecord,
): Promise<void> {
  const { images, names, root } = handed;
  const id = imageIDOf(handed);
  if (iidFile !== undefined && id !== undefined) await write(iidFile, id);
  if (metadataFile === undefined) return;
  const metadata = {
    'buildx.build.ref': `strata/local/${record.number}`,
    ...(images.length === 1 ? { 'containerimage.config.digest': images[0]?.configDigest } : {}),
    ...(root === undefined
      ? {}
      : {
          'containerimage.descriptor': root,
          'containerimage.digest': root.digest,
        }),
    ...(names.length === 0 ? {} : { 'image.name': names.join(',') }),
    'strata.build': record.number,
    'strata.steps': stepMetadata(record),
  };
  await write(metadataFile, `${JSON.stringify(metadata, null, 2)}\n`);
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => {
    throw outputError(error, path);
  });
}

/** What an image of one platform goes by is its config, as with Docker; of several it is their index. */
export function imageIDOf({ images, root }: HandedOver): Digest | undefined {
  return images.length === 1 ? images[0]?.configDigest : root?.digest;
}
