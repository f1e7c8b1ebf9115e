import { statSync } from 'node:fs';
import { type Digest, digestHex, isDigest } from '../../core/digest.ts';
import { StrataError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { familiarName, parseReference, printReference } from '../../registry/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import { openStoreFiles, readCatalog, readStoreEntries } from '../catalog.ts';
import { layoutName, type Wanted } from './choose-manifest.ts';
import { openArchiveFiles, openDirectoryFiles, readDocument } from './layout-files.ts';
import { openDockerArchive } from './open-docker-archive.ts';
import { openLayout } from './open-layout.ts';
import { openRemote } from './open-registry.ts';
import type { OpenedImage } from './opened-image.ts';

/** Where images are looked for. */
export interface ImagePlaces {
  /** The state directory; it need not exist. */
  readonly root: string;
  readonly registry: Registry;
  readonly wanted: Pick<Wanted, 'platform' | 'hostPlatform'>;
  readonly signal: AbortSignal;
}

/**
 * Opens an image by what a person calls it: `docker://REF`; a name, digest or id of the store; a path to an OCI
 * layout (directory or tar) or to an archive of `docker save`, with `:TAG` or `@DIGEST` where it holds several. A
 * name of the store goes before a file of the same name; `./` in front always means a path.
 *
 * @throws StrataError `no-such-image`, `ambiguous-image`, `no-matching-platform`, `bad-reference`; IntegrityError when
 *   the image is damaged; what the registry client throws. The caller closes what is opened.
 */
export async function openImage(spec: string, places: ImagePlaces): Promise<OpenedImage> {
  const remote = /^docker:\/\/(.*)$/s.exec(spec)?.[1];
  const { platform, hostPlatform } = places.wanted;
  if (remote !== undefined)
    return openRemote(remote, platform ?? hostPlatform, places.registry, places.signal);
  const stored = /^\.{0,2}\//.test(spec) ? undefined : await openStored(spec, places);
  if (stored !== undefined) return stored;
  const path = splitPath(spec);
  if (path === undefined) throw await noSuchImage(spec, places);
  return openPath(path.path, { ...places.wanted, tag: path.tag, digest: path.digest });
}

/** An image of the store by name, by digest or id, or by what only one of them begins with. */
async function openStored(spec: string, { root, wanted }: ImagePlaces): Promise<OpenedImage | undefined> {
  const files = await openStoreFiles(root);
  const index = files === undefined ? undefined : await readDocument(files, 'index.json');
  if (files === undefined || index === undefined) return undefined;
  const name = fullName(spec);
  const entries = await readStoreEntries(files);
  const named = entries.find((entry) => layoutName(entry) === name);
  const digest = named?.digest ?? (await findByID(spec, root));
  if (digest === undefined) return undefined;
  const image = await openLayout(files, 'store', index, { ...wanted, digest });
  const full = image.names.filter((each) => each.includes('/'));
  return { ...image, names: full, reference: named === undefined ? (full[0] ?? spec) : (name ?? spec) };
}

/** Shorter ones would too often be a name. */
const shortestID = 6;

/** @throws StrataError `ambiguous-image` */
async function findByID(spec: string, root: string): Promise<Digest | undefined> {
  const hex = spec.replace(/^sha256:/, '');
  if (!/^[0-9a-f]+$/.test(hex) || hex.length < shortestID) return undefined;
  const found = new Set<Digest>();
  for (const { target, manifest, config } of await readCatalog(root)) {
    if ([target, manifest, config].some((digest) => digestHex(digest).startsWith(hex))) found.add(target);
  }
  if (found.size > 1) {
    throw new StrataError('ambiguous-image', `"${spec}" is the beginning of more than one image's digest`, {
      hint: `write more of it: ${[...found].join(', ')}`,
    });
  }
  return [...found][0];
}

async function openPath(path: string, wanted: Wanted): Promise<OpenedImage> {
  const isDirectory = statSync(path).isDirectory();
  const files = await (isDirectory ? openDirectoryFiles(path) : openArchiveFiles(path));
  try {
    const index = await readDocument(files, 'index.json');
    if (index !== undefined) {
      return await openLayout(files, isDirectory ? 'oci-directory' : 'oci-archive', index, wanted);
    }
    const list = await readDocument(files, 'manifest.json');
    if (list !== undefined) return await openDockerArchive(files, list, wanted);
  } catch (error) {
    await files.close();
    throw error;
  }
  await files.close();
  throw new StrataError(
    'no-such-image',
    `${path} holds no image: neither index.json nor manifest.json is there`,
    {
      hint: 'want an OCI image layout (a directory or a tar), or an archive of `docker save`',
    },
  );
}

interface ImagePath {
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** `PATH`, `PATH:TAG` or `PATH@DIGEST`, whichever exists; undefined when none does. */
function splitPath(spec: string): ImagePath | undefined {
  if (exists(spec)) return { path: spec };
  const [, beforeDigest, digest = ''] = /^(.+)@(.+)$/s.exec(spec) ?? [];
  if (beforeDigest !== undefined && isDigest(digest) && exists(beforeDigest))
    return { path: beforeDigest, digest };
  const [, beforeTag, tag] = /^(.+?):([^/].*)$/s.exec(spec) ?? [];
  if (beforeTag !== undefined && tag !== undefined && exists(beforeTag)) return { path: beforeTag, tag };
  return undefined;
}

function exists(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true || stat?.isDirectory() === true;
}

async function noSuchImage(spec: string, { root }: ImagePlaces): Promise<StrataError> {
  const names = (await readCatalog(root)).flatMap((image) =>
    image.names.filter((name) => name.includes('/')),
  );
  const short = names.map((name) => familiarName(parseReference(name)));
  const near = suggest(spec, [...short, ...short.map((name) => name.replace(/:latest$/, ''))]);
  const hint =
    near === undefined ? `to look into a registry, write docker://${spec}` : `did you mean "${near}"?`;
  return new StrataError('no-such-image', `"${spec}" is neither an image of the store nor a file`, { hint });
}

function fullName(spec: string): string | undefined {
  try {
    return printReference(parseReference(spec));
  } catch (error) {
    if (error instanceof StrataError) return undefined;
    throw error;
  }
}
