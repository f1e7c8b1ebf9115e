/** A directory with a Dockerfile and a root of its own, for tests of what looks at Dockerfiles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import { assembleImage } from '../../src/export/assemble.ts';
import type { ContainerConfig } from '../../src/oci/image-config.ts';
import { type Outcome, strata } from '../support/in-process.ts';

export interface CheckedDirectory {
  readonly directory: string;
  /** The state directory that the commands are given; nobody has made it. */
  readonly root: string;
  /** Writes a file of the context. */
  write(name: string, text: string): void;
  /** `strata COMMAND … CONTEXT` with `dockerfile` (a line end is added) in the context. */
  run(command: readonly string[], dockerfile: string): Promise<Outcome>;
  /** What `strata check` finds: names of rules and codes of errors, in the order of the file. */
  findings(dockerfile: string, flags?: readonly string[]): Promise<string[]>;
  /** Puts an image for linux/amd64 without layers into the store, as a pull of an image of one platform does. */
  store(name: string, config: ContainerConfig): Promise<void>;
  remove(): void;
}

export function openCheckedDirectory(): CheckedDirectory {
  const directory = mkdtempSync(join(tmpdir(), 'strata-check-'));
  const root = join(directory, 'root');
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  const run = async (command: readonly string[], dockerfile: string) => {
    write('Dockerfile', `${dockerfile}\n`);
    return strata(['--root', root, ...command, directory]);
  };
  return {
    directory,
    root,
    write,
    run,
    async findings(dockerfile, flags = []) {
      const { code, stdout } = await run(['check', ...flags], dockerfile);
      const pattern = /^\S+: (?:error|warning): .* \[([\w-]+)\]$/gm;
      const found = [...stdout.matchAll(pattern)].map(([, name = '']) => name);
      if (code !== (found.length === 0 ? 0 : 1)) throw new Error(`exit ${code} with: ${stdout}`);
      return found;
    },
    async store(name, config) {
      const images = join(root, 'images');
      const blobs = openBlobStore(images, join(directory, 'ingest'));
      const rootfs = { type: 'layers', diff_ids: [] } as const;
      const image = { architecture: 'amd64', os: 'linux', config, rootfs };
      const { platform: _, ...target } = (await assembleImage(image, [], blobs)).manifest;
      await openRefs(images).set(name, target);
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
