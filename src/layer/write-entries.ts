import { setImmediate } from 'node:timers/promises';
import type { BytePath } from '../core/byte-path.ts';
import { fileChanged, openContent } from './content-reader.ts';
import type { LayerEntry, LayerMember } from './layer-entry.ts';
import type { FilesToWrite } from './unpack/block-unpacker.ts';
import { type NewFile, UpperWriter } from './upper/upper-writer.ts';
import { writeFailure } from './upper/write-failure.ts';

/** Others get their turn at least this often. */
const turnMs = 20;

/**
 * Writes entries that no layer is made of into an upper directory, giving way to the event loop now and then. Those of
 * a layer are written from its tar (`unpack/block-unpacker.ts`).
 *
 * @throws StepError `file-changed`; HostError `disk-full`, `cannot-write-file`; the reason of `signal`
 */
export async function writeEntries(
  entries: Iterable<LayerEntry>,
  { upper, places, isWritten }: FilesToWrite,
  signal: AbortSignal,
): Promise<void> {
  const writer = new UpperWriter(upper, places);
  const attempt = (path: BytePath, work: () => void) => {
    try {
      work();
    } catch (error) {
      throw writeFailure(upper, path, error);
    }
  };
  let since = performance.now();
  try {
    for (const entry of entries) {
      if (isWritten?.(entry.path) === false) continue;
      attempt(entry.path, () => writeEntry(writer, entry));
      if (performance.now() - since < turnMs) continue;
      await setImmediate();
      signal.throwIfAborted();
      since = performance.now();
    }
    attempt('', () => writer.finish());
  } finally {
    writer.close();
  }
}

function writeEntry(writer: UpperWriter, entry: LayerEntry): void {
  if (entry.type === 'delete') writer.delete(entry.path);
  else if (entry.type === 'file') writeFile(writer, entry);
  else writer.create(entry);
}

function writeFile(writer: UpperWriter, entry: LayerMember): void {
  const file = writer.createFile(entry);
  let isWritten = false;
  try {
    copyContent(entry, file);
    isWritten = true;
  } finally {
    if (!isWritten) file.abandon();
  }
  file.finish();
}

const pieceBytes = 1 << 20;
const piece = Buffer.allocUnsafeSlow(pieceBytes);

function copyContent({ path, size, content }: LayerMember, file: NewFile): void {
  const reader = openContent(content);
  try {
    let position = 0;
    for (;;) {
      const got = reader.read(piece, 0, pieceBytes);
      if (got === 0) break;
      file.write(piece.subarray(0, got), position);
      position += got;
    }
    if (position !== size) throw fileChanged(path, position < size ? 'shrank' : 'grew');
  } finally {
    reader.close();
  }
}
