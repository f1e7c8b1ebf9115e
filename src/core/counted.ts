/** Passes chunks on; `onProgress` is told the bytes of those that were taken so far. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let taken = 0;
  for await (const chunk of source) {
    yield chunk;
    taken += chunk.length;
    onProgress(taken);
  }
}
