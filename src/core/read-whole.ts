/**
 * All of a stream that is short: memory holds what a stranger sends only up to a limit.
 * @param limit bytes
 * @param tooLong the error when there are more
 */
export async function readWhole(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  tooLong: () => Error,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw tooLong();
    // Some streams use their memory again.
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts, size);
}
