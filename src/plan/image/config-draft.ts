import type { ContainerConfig, Healthcheck } from '../../oci/image-config.ts';

/** The `config` member of an image while its instructions are read; `Env` is the scope's (scope.ts). */
export interface ConfigDraft {
  user: string;
  workingDir: string;
  entrypoint: readonly string[];
  cmd: readonly string[];
  stopSignal: string;
  argsEscaped: boolean;
  healthcheck: Healthcheck | undefined;
  shell: readonly string[] | undefined;
  onBuild: string[];
  readonly exposedPorts: Set<string>;
  readonly volumes: Set<string>;
  readonly labels: Map<string, string>;
}

/** From a base image: all of it but ONBUILD (spec 3.1, 7.2). */
export function draftOfConfig(config: ContainerConfig): ConfigDraft {
  return {
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '',
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    stopSignal: config.StopSignal ?? '',
    argsEscaped: config.ArgsEscaped ?? false,
    healthcheck: config.Healthcheck,
    shell: config.Shell,
    onBuild: [],
    exposedPorts: new Set(Object.keys(config.ExposedPorts ?? {})),
    volumes: new Set(Object.keys(config.Volumes ?? {})),
    labels: new Map(Object.entries(config.Labels ?? {})),
  };
}

/** For `FROM stage`: all of it but ONBUILD. */
export function copyConfig(draft: ConfigDraft): ConfigDraft {
  return {
    ...draft,
    onBuild: [],
    exposedPorts: new Set(draft.exposedPorts),
    volumes: new Set(draft.volumes),
    labels: new Map(draft.labels),
  };
}

/** As it stands in the image: members that are empty are omitted, sets and maps are sorted by key (spec 7.2). */
export function containerConfig(draft: ConfigDraft, env: ReadonlyMap<string, string>): ContainerConfig {
  const { user, entrypoint, cmd, workingDir, stopSignal, healthcheck, shell, onBuild } = draft;
  return {
    ...(user === '' ? {} : { User: user }),
    ...(draft.exposedPorts.size === 0 ? {} : { ExposedPorts: asObject(draft.exposedPorts) }),
    Env: [...env].map(([name, value]) => `${name}=${value}`),
    ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
    ...(cmd.length === 0 ? {} : { Cmd: cmd }),
    ...(draft.volumes.size === 0 ? {} : { Volumes: asObject(draft.volumes) }),
    ...(workingDir === '' ? {} : { WorkingDir: workingDir }),
    ...(draft.labels.size === 0 ? {} : { Labels: Object.fromEntries([...draft.labels].sort(byKey)) }),
    ...(stopSignal === '' ? {} : { StopSignal: stopSignal }),
    ...(draft.argsEscaped ? { ArgsEscaped: true } : {}),
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
    ...(onBuild.length === 0 ? {} : { OnBuild: onBuild }),
    ...(shell === undefined || shell.length === 0 ? {} : { Shell: shell }),
  };
}

function asObject(names: ReadonlySet<string>): Record<string, Record<string, never>> {
  return Object.fromEntries([...names].sort().map((name) => [name, {}]));
}

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
