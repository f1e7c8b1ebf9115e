import type { Readable, Writable } from 'node:stream';
import type { Digest } from '../core/digest.ts';
import type { EmitEvent } from '../core/event.ts';
import type { Platform } from '../core/platform.ts';
import type { Compression } from '../layer/compression.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { RegistryClientOptions } from '../registry/options.ts';
import type { StepResources } from '../sandbox/step.ts';
import type { OverlayChoice } from '../snapshot/mount/overlay-choice.ts';
import type { Annotation } from './output/annotations.ts';
import type { BuildRecord } from './record/build-record.ts';
import type { ShellPlace } from './shell/shell.ts';

/** Everything one build is told, as values: the command line, the configuration file and tests all end here. */
export interface BuildOptions {
  /** The state directory. */
  readonly root: string;
  /** CONTEXT as given: a directory, `-`, or a URL. */
  readonly context: string;
  /** `-f` as given; `-` is standard input; undefined means CONTEXT/Dockerfile. */
  readonly dockerfile?: string | undefined;
  readonly tags: readonly string[];
  readonly target?: string | undefined;
  /** The value is undefined for `--build-arg NAME` when the environment has none. */
  readonly buildArgs: readonly (readonly [name: string, value: string | undefined])[];
  readonly buildContexts: readonly (readonly [name: string, value: string])[];
  readonly outputs: readonly OutputSpec[];
  /** Of layers, where no output says otherwise; gzip when undefined. */
  readonly compression?: Compression['algorithm'] | undefined;
  readonly platforms: readonly string[];
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly annotations: readonly Annotation[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly cacheFrom: readonly CacheSpec[];
  readonly cacheTo: readonly CacheSpec[];
  readonly pull: boolean;
  readonly secrets: readonly SecretSpec[];
  readonly ssh: readonly SshSpec[];
  readonly allow: readonly string[];
  readonly run: RunOptions;
  readonly registry: RegistryClientOptions;
  /** `runc`, `crun` or a path. */
  readonly runtime: string;
  /** Who mounts the files of steps without root; undefined: whoever can. */
  readonly snapshotter?: OverlayChoice | undefined;
  /** Steps at once. */
  readonly maxParallelism: number;
  readonly iidFile?: string | undefined;
  readonly metadataFile?: string | undefined;
  readonly explain: boolean;
  readonly failOnMiss: boolean;
  /** Where a shell opens when a step fails. */
  readonly failureShell?: ShellPlace | undefined;
}

/** `--output`, read but not yet checked against what the exporter knows. */
export interface OutputSpec {
  readonly type: 'oci' | 'docker' | 'tar' | 'local' | 'registry' | 'image' | 'store' | 'cacheonly';
  /** A path; `-` is standard output; undefined where the type needs none. */
  readonly dest?: string | undefined;
  /** Every other `key=value` of the flag, keys in lower case. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** `--cache-from` and `--cache-to`, keys checked. */
export interface CacheSpec {
  readonly type: 'registry' | 'local' | 'inline';
  readonly attributes: Readonly<Record<string, string>>;
}

/** `--secret`: a file, or a variable of the environment. */
export type SecretSpec =
  | { readonly id: string; readonly source: string }
  | { readonly id: string; readonly env: string };

/** `--ssh`: an agent or keys that steps may use. */
export interface SshSpec {
  readonly id: string;
  /** Socket or key files; none means $SSH_AUTH_SOCK. */
  readonly paths: readonly string[];
}

/** What every RUN of the build gets. */
export interface RunOptions {
  readonly network: 'default' | 'none' | 'host';
  /** `name:address`. */
  readonly addHosts: readonly string[];
  readonly shmSizeBytes?: number | undefined;
  /** `nofile=1024:2048`. */
  readonly ulimits: readonly string[];
  readonly cgroupParent?: string | undefined;
  /** How long each may take. */
  readonly stepTimeoutMs?: number | undefined;
  readonly resources: StepResources;
}

/** The world outside one build: where events go, what stops it, and the few things read from the process. */
export interface BuildIO {
  readonly emit: EmitEvent;
  /** While more was emitted than could be shown: done when it is. What steps print waits for it. */
  shown?(): Promise<void> | undefined;
  readonly signal: AbortSignal;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What a build came to. */
export interface BuildResult {
  readonly images: readonly BuiltImage[];
  /** What `--quiet` and `--iidfile` tell; absent when no output is an image. */
  readonly imageID?: Digest;
  readonly record: BuildRecord;
}

/** An image that was handed over. */
export interface BuiltImage {
  /** Of the manifest. */
  readonly digest: Digest;
  readonly configDigest: Digest;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly names: readonly string[];
  readonly platform: Platform;
}
