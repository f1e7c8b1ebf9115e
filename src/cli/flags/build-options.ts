import type { BuildOptions, CacheSpec, RunOptions } from '../../build/options.ts';
import type { ShellPlace } from '../../build/shell/shell.ts';
import { isSwitchedOn } from '../../build/switches.ts';
import { UsageError } from '../../core/errors.ts';
import { parseReference } from '../../registry/reference.ts';
import type { Config } from '../config/config.ts';
import { type RegistryFlags, registryOptions } from '../registry-access.ts';
import { parseBytes, parseCount } from './amount.ts';
import { asUsage } from './as-usage.ts';
import { type AttestationFlags, refuseAttestations } from './attestations.ts';
import { parseCache } from './cache.ts';
import { unlessEmpty } from './collect.ts';
import { oneOf } from './one-of.ts';
import { readOutputs } from './outputs.ts';
import {
  parseAnnotation,
  parseBuildArg,
  parseBuildContext,
  parseHost,
  parseLabel,
  parseUlimit,
} from './pairs.ts';
import { checkPlatform } from './platform.ts';
import { parseResources } from './resources.ts';
import { parseSecret, parseSsh } from './secret.ts';
import { parseTimeout } from './timeout.ts';

/** The flags of `strata build` as commander collects them. */
export interface BuildFlags extends RegistryFlags, AttestationFlags {
  readonly file?: string;
  readonly tag: readonly string[];
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly output: readonly string[];
  readonly push?: boolean;
  readonly load?: boolean;
  readonly platform: readonly string[];
  /** False for `--no-cache`. */
  readonly cache: boolean;
  /** The stages of `--no-cache-filter`; true without it. */
  readonly cacheFilter: readonly string[] | true;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly pull?: boolean;
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly network: string;
  readonly addHost: readonly string[];
  readonly shmSize?: string;
  readonly ulimit: readonly string[];
  readonly cgroupParent?: string;
  readonly resource: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly allow: readonly string[];
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly iidfile?: string;
  readonly metadataFile?: string;
  readonly check?: boolean;
  readonly call?: string;
  readonly format?: string;
  readonly explain?: boolean;
  readonly failOnMiss?: boolean;
  readonly runtime?: string;
  readonly maxParallelism?: string;
  readonly trace?: string;
  readonly timeout?: string;
  readonly stepTimeout?: string;
  readonly onFailure?: string;
}

/** What else decides, besides the flags. */
export interface Surroundings {
  readonly context: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  readonly processors: number;
  readonly isStdoutTerminal: boolean;
  readonly failureShell: ShellPlace | undefined;
}

/**
 * Reads the flags of `strata build`.
 * @throws UsageError naming the flag
 */
export function readBuildOptions(flags: BuildFlags, around: Surroundings): BuildOptions {
  const { env, config } = around;
  refuseAttestations(flags);
  const buildArgs = readBuildArgs(flags, env);
  return {
    root: around.root,
    context: around.context,
    dockerfile: unlessEmpty(flags.file),
    tags: flags.tag.map(checkTag),
    target: unlessEmpty(flags.target),
    buildArgs,
    buildContexts: flags.buildContext.map(parseBuildContext),
    outputs: readOutputs(flags, around.isStdoutTerminal),
    platforms: flags.platform.map(checkPlatform),
    labels: flags.label.map(parseLabel),
    annotations: flags.annotation.flatMap(parseAnnotation),
    noCache: !flags.cache,
    noCacheFilter: flags.cacheFilter === true ? [] : flags.cacheFilter,
    cacheFrom: flags.cacheFrom.map((text) => parseCache('from', text)),
    cacheTo: readCacheTo(flags, buildArgs),
    pull: flags.pull === true,
    secrets: flags.secret.map((text) => parseSecret(text, env)),
    ssh: flags.ssh.map(parseSsh),
    allow: readEntitlements(flags),
    run: readRunOptions(flags),
    registry: registryOptions(flags, config, env),
    compression: config.compression,
    runtime: flags.runtime ?? config.runtime ?? 'runc',
    snapshotter: config.snapshotter,
    maxParallelism:
      flags.maxParallelism === undefined
        ? (config.maxParallelism ?? around.processors)
        : parseCount('--max-parallelism', flags.maxParallelism, 1),
    iidFile: flags.iidfile,
    metadataFile: flags.metadataFile,
    explain: flags.explain === true,
    failOnMiss: flags.failOnMiss === true,
    failureShell: around.failureShell,
  };
}

/** As buildx does, a time for reproducible builds is taken from the environment too. */
function readBuildArgs({ buildArg }: BuildFlags, env: Surroundings['env']): BuildOptions['buildArgs'] {
  const given = buildArg.map((text) => parseBuildArg(text, env));
  const epoch = env[epochName];
  if (!epoch || given.some(([name]) => name === epochName)) return given;
  return [[epochName, epoch], ...given];
}

/** BUILDKIT_INLINE_CACHE=1 is what `--cache-to type=inline` was before there was such a flag. */
function readCacheTo({ cacheTo }: BuildFlags, buildArgs: BuildOptions['buildArgs']): CacheSpec[] {
  const given = cacheTo.map((text) => parseCache('to', text));
  const isInline = given.some(({ type }) => type === 'inline');
  if (isInline || !isSwitchedOn(buildArgs, 'BUILDKIT_INLINE_CACHE')) return given;
  return [...given, { type: 'inline', attributes: {} }];
}

const epochName = 'SOURCE_DATE_EPOCH';
const entitlements = ['network.host', 'security.insecure', 'device'] as const;
const networks = ['default', 'none', 'host'] as const;

/** As with buildx, the network of the host for all steps is leave enough for those that ask for it. */
function readEntitlements({ allow, network }: BuildFlags): BuildOptions['allow'] {
  const given = allow.map((text) => oneOf('--allow', text, entitlements));
  return network === 'host' && !given.includes('network.host') ? [...given, 'network.host'] : given;
}

function readRunOptions(flags: BuildFlags): RunOptions {
  return {
    network: oneOf('--network', flags.network, networks),
    addHosts: flags.addHost.map(parseHost),
    shmSizeBytes: flags.shmSize === undefined ? undefined : parseBytes('--shm-size', flags.shmSize),
    ulimits: flags.ulimit.map(parseUlimit),
    cgroupParent: flags.cgroupParent,
    stepTimeoutMs:
      flags.stepTimeout === undefined ? undefined : parseTimeout('--step-timeout', flags.stepTimeout),
    resources: parseResources(flags),
  };
}

function checkTag(text: string): string {
  const { digest } = asUsage('--tag', () => parseReference(text));
  if (digest !== undefined) {
    throw new UsageError('bad-flag-value', `--tag ${text}: a name to be given has no digest`, {
      hint: 'the digest is what the build finds out: --iidfile and --metadata-file write it',
    });
  }
  return text;
}
