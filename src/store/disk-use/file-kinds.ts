/** Which file of a store belongs to which piece; docs/STORE.md says what the files are. */
import type { Kind, Piece } from './piece.ts';

/** The directories whose entries are pieces or parts of some. */
export const openDirectories: ReadonlySet<string> = new Set([
  '',
  'steps',
  'layers',
  'snapshots',
  'images',
  'images/blobs',
  'images/blobs/sha256',
  'facts',
  'file-lists',
  'builds',
  'builds/latest',
  'cache-mounts',
  'contexts',
  'partial',
  'locks',
]);

export interface FileKind {
  /** Of the piece. */
  readonly id: string;
  readonly kind: Kind;
  readonly role: Piece['role'];
  /** Where the piece's label and needs stand; absent for a file that is just itself. */
  readonly holds?: 'step' | 'layer' | 'snapshot' | 'fact' | 'build' | 'cache' | 'failure';
  /** Whether it says when the piece was last used. */
  readonly isMarked: boolean;
  /** Beneath the root. */
  readonly lock?: string;
}

type Describe = (name: string) => Omit<FileKind, 'isMarked'> & { readonly isMarked?: false };

/** The first that fits. */
const table: readonly (readonly [pattern: RegExp, describe: Describe])[] = [
  [
    /^steps\/([0-9a-f]{64})\.json$/,
    (key) => ({ id: `step ${key}`, kind: 'step', role: 'entry', holds: 'step' }),
  ],
  [/^layers\/(d[a-z0-9]{12})\.json$/, (id) => ({ ...layer(id), role: 'entry', holds: 'layer' })],
  [/^layers\/([a-z0-9]{1,16})\.json$/, (id) => ({ ...layer(id), holds: 'layer' })],
  [/^layers\/([a-z0-9]{1,16})\.(?:files\.json|facts)$/, (id) => ({ ...layer(id), isMarked: false })],
  // Its times are those of the root directory of an image.
  [/^snapshots\/([a-z0-9]{1,16})$/, (id) => ({ ...layer(id), holds: 'snapshot', isMarked: false })],
  [/^images\/blobs\/sha256\/([0-9a-f]{64})$/, (hex) => ({ id: `blob ${hex}`, kind: 'blob', role: 'part' })],
  [
    /^partial\/([0-9a-f]{64})$/,
    (hex) => ({ id: `partial ${hex}`, kind: 'blob', role: 'entry', lock: `partial/${hex}` }),
  ],
  [/^(last-failure)\.json$/, (id) => ({ id, kind: 'step', role: 'entry', holds: 'failure' })],
  [/^facts\/([0-9a-f]{64})$/, (hex) => ({ id: `fact ${hex}`, kind: 'step', role: 'entry', holds: 'fact' })],
  [/^file-lists\/([0-9a-f]{64})\.gz$/, (hex) => ({ id: `files ${hex}`, kind: 'step', role: 'part' })],
  [/^contexts\/([0-9a-f]{32})$/, (hex) => ({ id: `context ${hex}`, kind: 'context', role: 'entry' })],
  [/^builds\/([0-9]+)\.json$/, (n) => ({ id: `build ${n}`, kind: 'other', role: 'entry', holds: 'build' })],
  [/^builds\/latest\/([0-9a-f]{32})$/, (hex) => ({ id: `latest ${hex}`, kind: 'other', role: 'entry' })],
  [
    /^cache-mounts\/([0-9a-f]{32}(?:\.[0-9]+)?)$/,
    (name) => ({ ...cache(name), role: 'entry', holds: 'cache' }),
  ],
  [
    /^cache-mounts\/([0-9a-f]{32}(?:\.[0-9]+)?)(?:\.new)?\.lock$/,
    (name) => ({ ...cache(name), isMarked: false }),
  ],
  [/^(locks\/.+)$/, (path) => ({ id: path, kind: 'other', role: 'part', lock: path })],
  [/^(.+\.[0-9a-f]{12}\.tmp)$/, (path) => ({ id: path, kind: 'other', role: 'part' })],
];

/** What no row knows is the frame of the store, or not ours: it is counted and stays. */
export function fileKind(path: string): FileKind {
  for (const [pattern, describe] of table) {
    const name = pattern.exec(path)?.[1];
    if (name !== undefined) return { isMarked: true, ...describe(name) };
  }
  return { id: path, kind: 'other', role: 'kept', isMarked: true };
}

const frame = new Set([
  'version',
  'owners',
  'run',
  'unflushed',
  'sizes.json',
  'members',
  'images/oci-layout',
  'images/index.json',
  'images/index.sealed.json',
  'images/index.lock',
]);

/** Whether a file that is no piece belongs to every store. */
export function isFrame(path: string): boolean {
  return frame.has(path) || openDirectories.has(path);
}

/** Layers of base images have an id that begins with d, after their diffID (`snapshotIDFor`); no other has. */
function layer(id: string): ReturnType<Describe> {
  return { id: `layer ${id}`, kind: /^d.{12}$/.test(id) ? 'base' : 'step', role: 'part' };
}

function cache(name: string): ReturnType<Describe> {
  return { id: `cache ${name}`, kind: 'cache-mount', role: 'part', lock: `cache-mounts/${name}.lock` };
}
