import type { DiffID } from '../core/digest.ts';
import type { ContainerConfig, Healthcheck, HistoryEntry, ImageConfig } from './image-config.ts';
import {
  asObject,
  decodeShape,
  digest,
  flag,
  integer,
  list,
  map,
  misfit,
  object,
  optional,
  type Shape,
  text,
} from './shape.ts';

/** Go's `map[string]struct{}`: the members say nothing beyond their names. */
const set = map<Record<string, never>>((value, path) => {
  asObject(value, path);
  return {};
});

const healthcheck = object<Healthcheck>({
  Test: optional(list(text)),
  Interval: optional(integer),
  Timeout: optional(integer),
  StartPeriod: optional(integer),
  StartInterval: optional(integer),
  Retries: optional(integer),
});

const containerConfig = object<ContainerConfig>({
  User: optional(text),
  ExposedPorts: optional(set),
  Env: optional(list(text)),
  Entrypoint: optional(list(text)),
  Cmd: optional(list(text)),
  Volumes: optional(set),
  WorkingDir: optional(text),
  Labels: optional(map(text)),
  StopSignal: optional(text),
  ArgsEscaped: optional(flag),
  Healthcheck: optional(healthcheck),
  OnBuild: optional(list(text)),
  Shell: optional(list(text)),
});

const historyEntry = object<HistoryEntry>({
  created: optional(text),
  created_by: optional(text),
  author: optional(text),
  comment: optional(text),
  empty_layer: optional(flag),
});

const diffIDs: Shape<readonly DiffID[]> = (value, path) => optional(list(digest))(value, path) ?? [];

const imageConfig = object<ImageConfig>({
  created: optional(text),
  author: optional(text),
  architecture: text,
  os: text,
  variant: optional(text),
  'os.version': optional(text),
  'os.features': optional(list(text)),
  config: optional(containerConfig),
  rootfs: object<ImageConfig['rootfs']>({
    type: (value, path) => (value === 'layers' ? value : misfit(path, '"layers"', value)),
    diff_ids: diffIDs,
  }),
  history: optional(list(historyEntry)),
});

/**
 * Reads an image config (image-spec, config.md). Members strata does not know, such as those of a daemon's
 * own bookkeeping, are dropped.
 * @throws IntegrityError `bad-config`
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  return decodeShape(imageConfig, bytes, 'bad-config', 'image config');
}
