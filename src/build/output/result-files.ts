import { writeFile } from 'node:fs/promises';
import type { Digest } from '../../core/digest.ts';
import type { BuildOptions } from '../options.ts';
import type { BuildRecord } from '../record/build-record.ts';
import { stepMetadata } from '../record/step-metadata.ts';
import type { HandedOver } from './hand-over.ts';

/**
 * Writes `--iidfile` and `--metadata-file` as buildx does. The members `strata.build` (number of the build) and
 * `strata.steps` (what each step came to, and why) are our own; docs/BUILDS.md describes them.
 */
export async function writeResultFiles(
  { iidFile, metadataFile }: BuildOptions,
  handed: HandedOver,
  record: BuildRecord,
): Promise<void> {
  const { images, root } = handed;
  const [first] = images;
  const id = imageIDOf(handed);
  if (iidFile !== undefined && id !== undefined) await writeFile(iidFile, id);
  if (metadataFile === undefined) return;
  const metadata = {
    ...(images.length === 1 ? { 'containerimage.config.digest': first?.configDigest } : {}),
    ...(root === undefined
      ? {}
      : {
          'containerimage.descriptor': root,
          'containerimage.digest': root.digest,
        }),
    ...(first === undefined || first.names.length === 0 ? {} : { 'image.name': first.names.join(',') }),
    'strata.build': record.number,
    'strata.steps': stepMetadata(record),
  };
  await writeFile(metadataFile, `${JSON.stringify(metadata, null, 2)}\n`);
}

/** What an image of one platform goes by is its config, as with Docker; of several it is their index. */
export function imageIDOf({ images, root }: HandedOver): Digest | undefined {
  return images.length === 1 ? images[0]?.configDigest : root?.digest;
}
