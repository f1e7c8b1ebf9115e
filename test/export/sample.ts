import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { digestFromHex } from '../../src/core/digest.ts';
import { type AssembledImage, assembleImage } from '../../src/export/assemble.ts';
import { mediaTypes, type StoredLayer } from '../../src/oci/descriptor.ts';
import { runOk } from '../support/process.ts';

export interface Workspace {
  readonly dir: string;
  readonly blobs: BlobStore;
  path(name: string): string;
  remove(): void;
}

/** A directory with a blob store in it. */
export function openWorkspace(): Workspace {
  const dir = mkdtempSync(join(tmpdir(), 'strata-export-'));
  return {
    dir,
    blobs: openBlobStore(join(dir, 'images'), join(dir, 'ingest')),
    path: (name) => join(dir, name),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Stores a layer that GNU tar packed from the given files. */
async function storeLayer(space: Workspace, files: Readonly<Record<string, string>>): Promise<StoredLayer> {
  const dir = mkdtempSync(join(space.dir, 'layer-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(dir, 'root', name, '..'), { recursive: true });
    writeFileSync(join(dir, 'root', name), content);
  }
  await runOk('tar', [
    '-C',
    join(dir, 'root'),
    '--sort=name',
    '--mtime=@0',
    '-cf',
    join(dir, 'layer.tar'),
    '.',
  ]);
  const tar = readFileSync(join(dir, 'layer.tar'));
  const blob = await space.blobs.put(gzipSync(tar));
  rmSync(dir, { recursive: true });
  return {
    descriptor: { mediaType: mediaTypes.dockerLayerGzip, ...blob },
    diffID: digestFromHex(createHash('sha256').update(tar).digest('hex')),
  };
}

/** An image of two small layers. */
export async function storeImage(space: Workspace, architecture = 'amd64'): Promise<AssembledImage> {
  const layers = [
    await storeLayer(space, { 'etc/motd': 'hello\n' }),
    await storeLayer(space, { 'app/main': `for ${architecture}\n` }),
  ];
  const history = [{ created_by: 'first' }, { created_by: 'second' }];
  const config = {
    architecture,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/app/main'], Labels: { kind: 'sample' } },
    rootfs: { type: 'layers', diff_ids: [] },
    history,
  } as const;
  return assembleImage(config, layers, space.blobs, { annotations: { 'org.example': 'yes' } });
}
