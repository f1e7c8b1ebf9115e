import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifiedStream } from '../../src/content/verified-stream.ts';

const digest = `sha256:${createHash('sha256').update('hello world').digest('hex')}` as const;

async function* source(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** What came through, and how it ended. */
async function drain(stream: AsyncIterable<Uint8Array>): Promise<[string, unknown]> {
  let text = '';
  try {
    for await (const chunk of stream) text += Buffer.from(chunk).toString();
    return [text, undefined];
  } catch (error) {
    return [text, error];
  }
}

describe('verifiedStream', () => {
  it('passes sound bytes through', async () => {
    const stream = verifiedStream(source('hello', ' ', 'world'), { digest, size: 11 });
    expect(await drain(stream)).toEqual(['hello world', undefined]);
  });

  it.each([
    ['too few bytes', ['hello', ' '], 11, 'hello', 'size-mismatch'],
    ['too many bytes', ['hello', ' world', '!'], 11, 'hello', 'size-mismatch'],
    ['other bytes', ['hello', ' wOrld'], 11, 'hello', 'digest-mismatch'],
    ['nothing at all', [], 11, '', 'size-mismatch'],
  ])('fails for %s, holding back the last chunk', async (_title, chunks, size, passed, code) => {
    const stream = verifiedStream(source(...chunks), { digest, size });
    expect(await drain(stream)).toEqual([passed, expect.objectContaining({ code })]);
  });
});
