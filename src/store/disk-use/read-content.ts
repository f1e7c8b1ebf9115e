/** What a record of the store says of the piece it belongs to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStepRecord } from '../../cache/step-cache.ts';
import { digestFromHex, type KeyDigest } from '../../core/digest.ts';
import { readLayerRecord } from '../../layer/layer-record.ts';
import { restOf } from '../../snapshot/own-notes.ts';
import { readFailedStep } from '../../solve/ops/exec/failure/failed-step.ts';
import { readSealedFile } from '../../sys/sealed-file.ts';
import type { FileKind } from './file-kinds.ts';

export interface Content {
  readonly label?: string;
  readonly needs: readonly string[];
  readonly makes?: string;
  /** What cannot be read is good for nothing: then nothing keeps it. */
  readonly isDamaged?: true;
}

type Holder = NonNullable<FileKind['holds']>;

const damaged: Content = { label: 'damaged', needs: [], isDamaged: true };

/** @param name of the file, without its folder and its extension */
export function readContent(holds: Holder, root: string, path: string, name: string): Content {
  return readers[holds](join(root, path), name, root);
}

const readers: Readonly<Record<Holder, (path: string, name: string, root: string) => Content>> = {
  step(path, name) {
    const record = readStepRecord(path, digestFromHex<KeyDigest>(name));
    if (record === undefined) return damaged;
    const layers = record.stack.map(({ snapshot }) => `layer ${snapshot}`);
    const makes = layers.at(-1);
    return {
      label: record.label,
      needs: [...layers, ...fileLists(JSON.stringify(record.recipe))],
      ...(makes === undefined ? {} : { makes }),
    };
  },
  layer(_path, name, root) {
    const record = readLayerRecord(join(root, 'layers'), name);
    if (record === undefined) return damaged;
    const blobs = [...record.blobs, ...(record.clamped ?? [])];
    return { label: record.diffID, needs: blobs.map(({ descriptor }) => blobID(descriptor.digest)) };
  },
  snapshot(path) {
    const rest = restOf(path);
    return { needs: rest === undefined ? [] : [`layer ${rest}`] };
  },
  fact(path) {
    const answer = readSealedFile(path);
    if (answer === undefined) return damaged;
    // The id of a snapshot, or the digest of chosen files.
    return { needs: answer.startsWith('sha256:') ? [] : [`layer ${answer}`] };
  },
  failure(_path, _name, root) {
    const failed = readFailedStep(root);
    if (failed === undefined) return damaged;
    const stacks = [failed.stack, ...Object.values(failed.inputs)];
    return { label: `failed: ${failed.vertex.label}`, needs: stacks.flat().map((id) => `layer ${id}`) };
  },
  build(path) {
    const text = readFileSync(path, 'utf8');
    const context = /"context":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
    return { needs: fileLists(text), ...(context === undefined ? {} : { label: `build of ${context}` }) };
  },
  cache(path) {
    try {
      return { label: readFileSync(join(path, 'id'), 'utf8').trim(), needs: [] };
    } catch {
      // Its build was killed before it was ready, or is not yet so far.
      return damaged;
    }
  },
};

/** What the piece goes by that is a blob. */
export function blobID(digest: string): string {
  return `blob ${digest.replace(/^sha256:/, '')}`;
}

/** A list of files is named by the digest that stands for them in a key. */
function fileLists(text: string): string[] {
  return [...new Set(text.match(/(?<=sha256:)[0-9a-f]{64}/g))].map((hex) => `files ${hex}`);
}
