import { writeFile } from 'node:fs/promises';
import type { HandedOver } from './hand-over.ts';
import type { BuildOptions } from './options.ts';
import type { BuildRecord } from './record/build-record.ts';
import { stepMetadata } from './record/step-metadata.ts';

/**
 * Writes `--iidfile` and `--metadata-file` as buildx does. The members `strata.build` (number of the build) and
 * `strata.steps` (what each step came to, and why) are our own; docs/store.md describes them.
 */
export async function writeResultFiles(
  { iidFile, metadataFile }: BuildOptions,
  { images, root }: HandedOver,
  record: BuildRecord,
): Promise<void> {
  const [first] = images;
  if (iidFile !== undefined && first !== undefined) await writeFile(iidFile, first.configDigest);
  if (metadataFile === undefined) return;
  const metadata = {
    ...(images.length === 1 ? { 'containerimage.config.digest': first?.configDigest } : {}),
    ...(root === undefined
      ? {}
      : {
          'containerimage.descriptor': { mediaType: root.mediaType, digest: root.digest, size: root.size },
          'containerimage.digest': root.digest,
        }),
    ...(first === undefined || first.names.length === 0 ? {} : { 'image.name': first.names.join(',') }),
    'strata.build': record.number,
    'strata.steps': stepMetadata(record),
  };
  await writeFile(metadataFile, `${JSON.stringify(metadata, null, 2)}\n`);
}
