import { closeSync, readSync } from 'node:fs';
import { type BytePath, bytePathToText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { ContentReader, LayerContent } from './layer-entry.ts';

/** Opens a file's content, wherever it comes from. No content reads as an empty file. */
export function openContent(content: LayerContent | undefined): ContentReader {
  switch (content?.kind) {
    case undefined:
      return bytesReader(new Uint8Array());
    case 'bytes':
      return bytesReader(content.bytes);
    case 'reader':
      return content.open();
    case 'file': {
      const fd = content.open();
      return {
        read: (buffer, offset, length) => readSync(fd, buffer, offset, length, null),
        close: () => closeSync(fd),
      };
    }
  }
}

function bytesReader(bytes: Uint8Array): ContentReader {
  let at = 0;
  return {
    read(buffer, offset, length) {
      const piece = bytes.subarray(at, at + length);
      buffer.set(piece, offset);
      at += piece.length;
      return piece.length;
    },
    close() {},
  };
}

/** A file that has another size than its entry says. */
export function fileChanged(path: BytePath, how: 'grew' | 'shrank'): StepError {
  return new StepError('file-changed', `"/${bytePathToText(path)}" ${how} while it was read`, {
    hint: 'something writes to it during the build: stop that, or leave the file out, and build again',
  });
}
