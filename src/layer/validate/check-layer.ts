import { createHash } from 'node:crypto';
import { type DiffID, digestFromHex } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { findLayerCompression } from '../../oci/media-type.ts';
import { createTarParser, type TarHandler, type TarParser } from '../../tar/parser.ts';
import { inflateLayer } from '../inflate/inflate.ts';
import { type BlobSource, measured, type Report, reportingIntegrity } from './measured.ts';

/**
 * Reads a layer to its end and reports what does not hold of its descriptor, its diffID and its archive.
 * @param diffID undefined when the config does not say one
 * @param members sees the archive's members
 * @returns the bytes of the archive, as far as it could be decompressed
 */
export async function checkLayer(
  source: BlobSource,
  layer: Descriptor,
  diffID: DiffID | undefined,
  members: TarHandler,
  report: Report,
): Promise<{ readonly tarSize: number }> {
  let tarSize = 0;
  await reportingIntegrity(report, async () => {
    const blob = measured(source, layer, report);
    if (findLayerCompression(layer.mediaType) === undefined) {
      for await (const _ of blob);
      return;
    }
    const hash = createHash('sha256');
    const archive = lenient(createTarParser(members), report);
    for await (const chunk of inflateLayer(blob)) {
      hash.update(chunk);
      tarSize += chunk.length;
      archive.push(chunk);
    }
    archive.end();
    const got = digestFromHex<DiffID>(hash.digest('hex'));
    if (diffID !== undefined && got !== diffID) report('diff-id-mismatch', `want ${diffID}, got ${got}`);
  });
  return { tarSize };
}

/** A damaged archive is one finding; the bytes behind the damage still count for the digests. */
function lenient(parser: TarParser, report: Report): TarParser {
  let isSound = true;
  const attempt = (step: () => void) => {
    if (!isSound) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      report(error.code, error.message);
      isSound = false;
    }
  };
  return { push: (chunk) => attempt(() => parser.push(chunk)), end: () => attempt(() => parser.end()) };
}
