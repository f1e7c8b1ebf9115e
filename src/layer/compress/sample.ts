const sampleBytes = 1 << 14;
const sampleParts = 4;

/**
 * Pieces from all over a block, in which it is like the whole; undefined of a small block. The ends are left out: those
 * of a layer are headers and zeros.
 */
export function sampleOf(block: Uint8Array): Uint8Array | undefined {
  if (block.length <= 4 * sampleBytes) return undefined;
  const sample = new Uint8Array(sampleBytes);
  const part = sampleBytes / sampleParts;
  for (let index = 0; index < sampleParts; index++) {
    const start = Math.floor((block.length * (index + 0.5)) / sampleParts);
    sample.set(block.subarray(start, start + part), index * part);
  }
  return sample;
}

/** Room for a sample that grew by being compressed. */
export const compressedSampleBytes = 2 * sampleBytes;
