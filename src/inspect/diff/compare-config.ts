import type { HistoryEntry } from '../../oci/image-config.ts';
import type { OpenedImage } from '../open/opened-image.ts';

/** A field that two images do not have alike; null where one does not have it. */
export interface FieldDifference {
  /** `config.Env[PATH]`, `annotations[…]`, `history[3].created`. */
  readonly field: string;
  readonly a: string | null;
  readonly b: string | null;
}

type Fields = ReadonlyMap<string, string>;

/** Compares what two configs and manifests say, the layers left out. */
export function compareConfigs(a: OpenedImage, b: OpenedImage): FieldDifference[] {
  return [
    ...compareFields(documentFields(a), documentFields(b)),
    ...compareHistory(a.config.history ?? [], b.config.history ?? []),
  ];
}

function compareFields(a: Fields, b: Fields): FieldDifference[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((field) => ({ field, a: a.get(field) ?? null, b: b.get(field) ?? null }))
    .filter((each) => each.a !== each.b);
}

function documentFields({ config, manifest }: OpenedImage): Fields {
  const { rootfs: _rootfs, history: _history, config: container = {}, ...top } = config;
  const { Env = [], Labels = {}, ExposedPorts = {}, Volumes = {}, ...others } = container;
  return new Map<string, string>([
    ...members('', top),
    ...Env.map((variable): [string, string] => {
      const [, name = variable, value = ''] = /^([^=]*)=(.*)$/s.exec(variable) ?? [];
      return [`config.Env[${name}]`, value];
    }),
    ...Object.entries(Labels).map(([name, value]): [string, string] => [`config.Labels[${name}]`, value]),
    ...Object.keys(ExposedPorts).map((port): [string, string] => [`config.ExposedPorts[${port}]`, '{}']),
    ...Object.keys(Volumes).map((path): [string, string] => [`config.Volumes[${path}]`, '{}']),
    ...members('config.', others),
    ...Object.entries(manifest.annotations ?? {}).map(([name, value]): [string, string] => [
      `annotations[${name}]`,
      value,
    ]),
  ]);
}

function members(prefix: string, value: object): [string, string][] {
  return Object.entries(value).map(([name, member]) => [
    prefix + name,
    typeof member === 'string' ? member : JSON.stringify(member),
  ]);
}

/** Entries stand beside each other from the start and from the end on, as long as they say the same instruction. */
function compareHistory(a: readonly HistoryEntry[], b: readonly HistoryEntry[]): FieldDifference[] {
  const isSame = (x: HistoryEntry | undefined, y: HistoryEntry | undefined) =>
    x !== undefined && y !== undefined && x.created_by === y.created_by;
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && isSame(a[start], b[start])) start++;
  let end = 0;
  while (end < shorter - start && isSame(a.at(-1 - end), b.at(-1 - end))) end++;
  const pairs: [index: number, a: HistoryEntry | undefined, b: HistoryEntry | undefined][] = [];
  for (let index = 0; index < Math.max(a.length, b.length) - end; index++) {
    pairs.push([
      index,
      index < a.length - end ? a[index] : undefined,
      index < b.length - end ? b[index] : undefined,
    ]);
  }
  for (let back = end; back > 0; back--) pairs.push([a.length - back, a.at(-back), b.at(-back)]);
  return pairs.flatMap(([index, x, y]) => compareFields(entryFields(index, x), entryFields(index, y)));
}

function entryFields(index: number, entry: HistoryEntry | undefined): Fields {
  return new Map(entry === undefined ? [] : members(`history[${index}].`, entry));
}
