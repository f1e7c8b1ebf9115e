import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectDir } from '../structure/imports.ts';
import { listenOnLoopback } from './loopback.ts';
import { runOk } from './process.ts';

export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A package registry on loopback that serves one package of this checkout's node_modules and all it depends on, as
 * `npm pack` makes them.
 */
export async function serveNpmPackage(name: string, dir: string): Promise<NpmRegistry> {
  mkdirSync(dir, { recursive: true });
  const folders = packageFolders(name);
  const packed = JSON.parse(
    await runOk('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir, ...folders], {
      cwd: dir,
    }),
  ) as readonly { readonly name: string; readonly filename: string }[];
  const documents = new Map<string, (url: string) => object>();
  const tarballs = new Map<string, Buffer>();
  for (const [index, { name, filename }] of packed.entries()) {
    const manifest = JSON.parse(readFileSync(join(folders[index] ?? '', 'package.json'), 'utf8'));
    const bytes = readFileSync(join(dir, filename));
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    tarballs.set(`/-/${filename}`, bytes);
    documents.set(`/${name}`, (url) => ({
      name,
      'dist-tags': { latest: manifest.version },
      versions: { [manifest.version]: { ...manifest, dist: { tarball: `${url}/-/${filename}`, integrity } } },
    }));
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const document = documents.get(path);
    const body = document === undefined ? tarballs.get(path) : JSON.stringify(document(url));
    response.writeHead(body === undefined ? 404 : 200).end(body ?? '{}');
  });
  const url = `http://${await listenOnLoopback(server)}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The folders of a package and of everything it depends on, found as Node finds them. */
function packageFolders(name: string): string[] {
  const folders = new Set<string>();
  const visit = (name: string, importer: string): void => {
    const places = createRequire(join(importer, 'package.json')).resolve.paths(name) ?? [];
    const folder = places
      .map((place) => join(place, name))
      .find((place) => existsSync(join(place, 'package.json')));
    if (folder === undefined) throw new Error(`${name}, which ${importer} depends on, is not installed`);
    if (folders.has(folder)) return;
    folders.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const dependency of Object.keys(dependencies)) visit(dependency, folder);
  };
  visit(name, projectDir);
  return [...folders];
}
