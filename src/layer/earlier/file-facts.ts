/**
 * What a layer's files are, each in one line that is the same exactly where the file is: metadata, attributes and the
 * digest of the content. Kept as `layers/ID.facts`, so that a later layer can tell which of its files a snapshot
 * has already.
 */
import { join } from 'node:path';
import type { BytePath } from '../../core/byte-path.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { type OnDamagedFile, readSealedFile, writeSealedFile } from '../../sys/sealed-file.ts';
import { markUsed } from '../../sys/use-mark.ts';
import type { LayerMember } from '../layer-entry.ts';

/** A line for each path. It begins with the type. */
export type FileFacts = ReadonlyMap<BytePath, string>;

/** The digest of content that nobody knows. */
const unknown = '?';

/** What can be said of a member before its content is read. */
export function factsOf(member: LayerMember): string {
  const { type, mode, uid, gid, size, mtime, devMajor, devMinor, link, content } = member;
  const isRead = type === 'file' && size > 0;
  const digest = !isRead ? '-' : content?.kind === 'file' ? (content.sha256 ?? unknown) : unknown;
  const xattrs = member.xattrs.map(({ name, value }) => hexOf(name, value)).join(',');
  const { seconds, nanoseconds } = mtime;
  return `${type} ${mode} ${uid}:${gid} ${size} ${seconds}.${nanoseconds} ${devMajor}:${devMinor} ${digest} [${xattrs}] ${link}`;
}

/** Whether two members are the same file for certain. */
export function isSameFile(facts: string, others: string): boolean {
  return facts === others && !facts.includes(` ${unknown} `);
}

function hexOf(name: string, value: Uint8Array): string {
  return `${Buffer.from(name).toString('hex')}=${Buffer.from(value).toString('hex')}`;
}

/** The first word of the file; another one is another format. */
const formatName = 'strata file facts 1';
/** No path has it, and no line. */
const separator = '\0';
const chunkWords = 1024;

/** Gathers the facts of many files outside of the heap: as objects they would be looked through again and again. */
export class FactsWriter {
  readonly #chunks: Buffer[] = [Buffer.from(formatName)];
  #words: string[] = [];
  #size = 0;

  /** How many files were added. */
  get size(): number {
    return this.#size;
  }

  add(member: LayerMember): void {
    this.#words.push(member.path, factsOf(member));
    this.#size++;
    if (this.#words.length === chunkWords) this.#flush();
  }

  text(): string {
    this.#flush();
    return Buffer.concat(this.#chunks).toString();
  }

  #flush(): void {
    if (this.#words.length > 0) this.#chunks.push(Buffer.from(separator + this.#words.join(separator)));
    this.#words = [];
  }
}

export interface FactsOfLayers {
  /** Undefined where nobody kept them. No prune takes the layer while the build goes on. */
  read(id: SnapshotID): FileFacts | undefined;
  /** @throws HostError `disk-full` */
  keep(id: SnapshotID, facts: FactsWriter): Promise<void>;
}

/** Opens the facts in `directory`. */
export function openFactsOfLayers(directory: string, onDamage?: OnDamagedFile): FactsOfLayers {
  const pathOf = (id: SnapshotID) => join(directory, `${id}.facts`);
  return {
    read(id) {
      const path = pathOf(id);
      const text = markUsed(path) ? readSealedFile(path, onDamage) : undefined;
      const [format, ...words] = text?.split(separator) ?? [];
      if (format !== formatName) return undefined;
      const facts = new Map<BytePath, string>();
      for (let at = 0; at + 1 < words.length; at += 2) facts.set(words[at] ?? '', words[at + 1] ?? '');
      return facts;
    },
    keep: (id, facts) => writeSealedFile(pathOf(id), facts.text()),
  };
}
