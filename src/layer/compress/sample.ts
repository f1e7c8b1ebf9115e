const sampleParts = 4;

/** Pieces from all over a block, `bytes` together, of which it must have more. */
export function sampleOf(block: Uint8Array, bytes: number): Uint8Array {
  const sample = new Uint8Array(bytes);
  const part = bytes / sampleParts;
  for (let index = 0; index < sampleParts; index++) {
    const start = Math.floor(((block.length - part) * index) / (sampleParts - 1));
    sample.set(block.subarray(start, start + part), index * part);
  }
  return sample;
}
