/** A thread of the compress pool: takes blocks in shared memory, says what became of them. */
import { createHash, type Hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { answerQuestions } from '../../sys/thread/thread.ts';
import type { Compression } from '../compression.ts';
import { openBlockCompressor } from './block-compressor.ts';
import type { BlockReply, BlockWork, FilePart } from './compress-pool.ts';
import { type MemberSource, type ReusingCompressor, reusingCompressor } from './known-members.ts';

type Compressor = ReusingCompressor | { compress(input: Uint8Array, output: Uint8Array): { length: number } };

const compressors = new Map<string, Compressor>();

const streams = new Map<number, Hash>();

answerQuestions(perform);

function perform(work: BlockWork): BlockReply {
  switch (work.kind) {
    case 'compress': {
      const { compression, known } = work;
      const key = `${compression.algorithm} ${compression.level} ${known?.table}`;
      const compressor = compressors.get(key) ?? openCompressor(compression, known);
      compressors.set(key, compressor);
      return compressor.compress(work.input, work.output);
    }
    case 'hash':
      streams.set(work.stream, hashOf(work.stream).update(work.input));
      return {};
    case 'copy':
      streams.set(work.stream, copyPart(work.part, hashOf(work.stream)));
      return {};
    case 'digest': {
      const sha256 = hashOf(work.stream).digest('hex');
      streams.delete(work.stream);
      return { sha256 };
    }
  }
}

const pieceBytes = 1 << 20;
let piece: Buffer | undefined;

function copyPart({ from, start, length, to, position }: FilePart, hash: Hash): Hash {
  piece ??= Buffer.allocUnsafeSlow(pieceBytes);
  for (let at = 0; at < length; ) {
    const got = readSync(from, piece, 0, Math.min(pieceBytes, length - at), start + at);
    if (got === 0) break;
    hash.update(piece.subarray(0, got));
    for (let put = 0; put < got; ) put += writeSync(to, piece, put, got - put, position + at + put);
    at += got;
  }
  return hash;
}

function hashOf(stream: number): Hash {
  return streams.get(stream) ?? createHash('sha256');
}

function openCompressor(compression: Compression, known: MemberSource | undefined): Compressor {
  const inner = openBlockCompressor(compression);
  if (known !== undefined) return reusingCompressor(inner, known);
  return { compress: (input, output) => ({ length: inner.compress(input, output) }) };
}
