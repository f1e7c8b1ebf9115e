import type { BytePath } from '../../core/byte-path.ts';
import type { TarEntry } from '../../tar/entry.ts';
import type { TarHandler } from '../../tar/parser.ts';
import { cleanMemberPath } from '../upper/layer-path.ts';
import { type NewFile, UpperWriter } from '../upper/upper-writer.ts';
import { writeFailure } from '../upper/write-failure.ts';
import { readWhiteout } from '../whiteout.ts';

export interface LayerUnpacker extends TarHandler {
  /** The archive is complete. */
  finish(): void;
  /** Lets go of what is left open, as by an archive that broke off. */
  close(): void;
}

/**
 * Writes the members of a layer's tar, whoever made it, into an upper directory.
 * @param places of an upper that may get many files (`ActiveSnapshot.places`)
 */
export function layerUnpacker(upper: string, places?: string): LayerUnpacker {
  const writer = new UpperWriter(upper, places);
  let path: BytePath = '';
  let file: NewFile | undefined;
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw writeFailure(upper, path, error);
    }
  };

  const begin = (entry: TarEntry) => {
    const whiteout = readWhiteout(path);
    if (whiteout?.kind === 'delete') writer.delete(whiteout.path);
    else if (whiteout?.kind === 'opaque') writer.deleteContents(whiteout.path);
    else if (whiteout !== undefined) return;
    else if (entry.type === 'file') file = writer.createFile({ ...entry, path });
    else if (entry.type === 'hardlink') writer.create({ ...entry, path, link: cleanMemberPath(entry.link) });
    else writer.create({ ...entry, path });
  };

  return {
    entry(entry) {
      path = cleanMemberPath(entry.path);
      attempt(() => begin(entry));
    },
    data(bytes, offset) {
      attempt(() => file?.write(bytes, offset));
    },
    entryEnd() {
      const finished = file;
      file = undefined;
      attempt(() => finished?.finish());
    },
    finish() {
      path = '';
      attempt(() => writer.finish());
    },
    close() {
      file?.abandon();
      file = undefined;
      writer.close();
    },
  };
}
