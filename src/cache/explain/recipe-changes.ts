/** What differs between the recipes of two builds of one step, apart from what it stands on. */
import type { Digest } from '../../core/digest.ts';
import { isMasked } from '../mask.ts';
import type { Part, Recipe } from '../recipe.ts';
import type { Cause, FileChange, FilesCause } from './cause.ts';

/** Names what changed between two selections of files; undefined when one of them is not known any more. */
export type CompareFiles = (
  before: Digest,
  now: Digest,
  sources: readonly string[],
) => FileChange[] | undefined;

/** Settings in the words of the Dockerfile and the command line; the other names of parts are good as they are. */
const names: Readonly<Record<string, string>> = {
  dest: 'destination',
  chown: '--chown',
  chmod: '--chmod',
  link: '--link',
  parents: '--parents',
  unpack: '--unpack',
  owner: 'USER',
  user: 'USER',
  cwd: 'WORKDIR',
  path: 'directory',
  hostname: 'host name',
  network: '--network',
  security: '--security',
  device: '--device',
  'add-host': '--add-host',
  ulimit: '--ulimit',
  script: 'heredoc',
  epoch: 'SOURCE_DATE_EPOCH',
};

/** The causes in the order of the parts, build arguments first among variables: they are what people change. */
export function recipeChanges(before: Recipe, now: Recipe, compareFiles: CompareFiles): Cause[] {
  const order = [...new Set([...now.parts, ...before.parts].map(([name]) => name))];
  const rank = (name: string) => (name === 'build-arg' ? order.indexOf('env') - 0.5 : order.indexOf(name));
  const sorted = order.filter((name) => name !== 'on').sort((a, b) => rank(a) - rank(b));
  return sorted.flatMap((name): readonly Cause[] => {
    const [old, current] = [valuesOf(before, name), valuesOf(now, name)];
    if (JSON.stringify(old) === JSON.stringify(current)) return [];
    switch (name) {
      case 'build-arg':
      case 'env':
        return variableChanges(name, old, current);
      case 'files':
        return filesChange(before, now, compareFiles);
      case 'mount':
        return mountChanges(old, current, mountSources(now), compareFiles);
      case 'command':
        return [{ kind: 'setting', name: 'command', from: commandOf(old), to: commandOf(current) }];
      case 'add-host':
      case 'ulimit':
      case 'device':
        return [{ kind: 'setting', name: names[name] ?? name, from: old.join(', '), to: current.join(', ') }];
      default:
        return [{ kind: 'setting', name: names[name] ?? name, from: old[0], to: current[0] }];
    }
  });
}

function valuesOf({ parts }: Recipe, name: string): string[] {
  return parts.filter(([each]) => each === name).map(([, value]) => value);
}

function notesOf(recipe: Recipe, name: string): string[] {
  return valuesOf({ kind: recipe.kind, parts: recipe.notes ?? [] }, name);
}

/** What each mount shows, by its target. */
function mountSources(recipe: Recipe): Map<string, string> {
  return new Map(notesOf(recipe, 'mount').map((note) => JSON.parse(note) as [string, string]));
}

/** What was typed: the shell in front of it is named only when it is all there is. */
function commandOf(args: readonly string[]): string {
  return args.length === 3 && args[1] === '-c' ? (args[2] ?? '') : args.join(' ');
}

function variableChanges(
  as: 'build-arg' | 'env',
  before: readonly string[],
  now: readonly string[],
): Cause[] {
  const [old, current] = [new Map(before.map(pairOf)), new Map(now.map(pairOf))];
  const changed = [...new Set([...current.keys(), ...old.keys()])].filter(
    (name) => old.get(name) !== current.get(name),
  );
  return changed.map((name) => {
    const [from, to] = [old.get(name), current.get(name)];
    if (![from, to].some((value) => value !== undefined && isMasked(value))) {
      return { kind: 'variable', as, name, from, to };
    }
    // Whether there was a value may be told.
    const hidden = (value: string | undefined) => (value === undefined ? undefined : '');
    return { kind: 'variable', as, name, from: hidden(from), to: hidden(to), isMasked: true };
  });
}

function pairOf(text: string): Part {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

function filesChange(before: Recipe, now: Recipe, compareFiles: CompareFiles): Cause[] {
  const [old, current] = [notesOf(before, 'source'), notesOf(now, 'source')];
  if (JSON.stringify(old) !== JSON.stringify(current)) {
    return [{ kind: 'setting', name: 'sources', from: old.join(' '), to: current.join(' ') }];
  }
  const [from, to] = [valuesOf(before, 'files')[0] ?? '', valuesOf(now, 'files')[0] ?? ''];
  const of = placeOf(notesOf(now, 'from')[0]);
  const cause = files(from as Digest, to as Digest, current, compareFiles, { of });
  // Other flags keep other metadata of the same files.
  const isFlagged = ['chown', 'chmod'].some(
    (name) => JSON.stringify(valuesOf(before, name)) !== JSON.stringify(valuesOf(now, name)),
  );
  return isFlagged && cause.changes?.length === 0 ? [] : [cause];
}

function files(
  from: Digest,
  to: Digest,
  sources: readonly string[],
  compareFiles: CompareFiles,
  where: { readonly of?: string | undefined; readonly mount?: string | undefined },
): FilesCause {
  return withChanges({ kind: 'files', ...where, from, to, sources }, compareFiles);
}

/** A record is no list of all files of a context. */
const changesKept = 100;

/** The cause with what changed in it, if that is known. */
export function withChanges(cause: FilesCause, compareFiles: CompareFiles): FilesCause {
  const changes = compareFiles(cause.from, cause.to, cause.sources);
  if (changes === undefined) return cause;
  const omitted = changes.length - changesKept;
  return { ...cause, changes: changes.slice(0, changesKept), ...(omitted > 0 ? { omitted } : {}) };
}

/** `build/3` is the stage `build`, `image:NAME` an image. */
function placeOf(vertex: string | undefined): string | undefined {
  return vertex?.replace(/^image:/, '').replace(/\/[0-9]+$/, '');
}

/** By target: the value of a mount's part is JSON, one member for each of its settings. */
function mountChanges(
  before: readonly string[],
  now: readonly string[],
  sources: ReadonlyMap<string, string>,
  compareFiles: CompareFiles,
): Cause[] {
  const [old, current] = [new Map(before.map(readMount)), new Map(now.map(readMount))];
  const places = [...new Set([...current.keys(), ...old.keys()])];
  return places.flatMap((place): readonly Cause[] => {
    const [from, to] = [old.get(place), current.get(place)];
    if (from === undefined || to === undefined) {
      return [{ kind: 'setting', name: place, from: from?.type, to: to?.type }];
    }
    const keys = [...new Set([...Object.keys(to), ...Object.keys(from)])];
    return keys.flatMap((key): readonly Cause[] => {
      if (from[key] === to[key]) return [];
      if (key !== 'files')
        return [{ kind: 'setting', name: `${place}: ${key}`, from: from[key], to: to[key] }];
      const source = sources.get(to.target ?? '') ?? '';
      return [files(from[key] as Digest, to[key] as Digest, [source], compareFiles, { mount: to.target })];
    });
  });
}

type MountFields = Readonly<Record<string, string | undefined>>;

function readMount(value: string): [place: string, fields: MountFields] {
  const fields = JSON.parse(value) as MountFields;
  const { type = '', target = '', id = '' } = fields;
  return [target === '' ? `${type} ${id}` : `mount at ${target}`, fields];
}
