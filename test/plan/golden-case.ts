/** A case folder of fixtures/plans: a Dockerfile whose `# plan:` comments say how it is planned. */
import { readFileSync } from 'node:fs';
import { DockerfileError, RemoteError } from '../../src/core/errors.ts';
import { type Platform, parsePlatform, printPlatform } from '../../src/core/platform.ts';
import { type Diagnostic, printDiagnostic } from '../../src/core/source/diagnostic.ts';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';
import type { NamedContext, PlanRequest } from '../../src/plan/plan.ts';
import { planBuild } from '../../src/plan/plan-build.ts';
import { printPlan } from '../../src/plan/print-plan.ts';
import type { BaseResolver } from '../../src/plan/resolver.ts';

const amd64: Platform = { os: 'linux', architecture: 'amd64' };

interface BaseFixture {
  readonly reference: string;
  readonly config: ImageConfig;
}

export type BaseFixtures = Readonly<Record<string, BaseFixture>>;

/** What a folder's plan.txt must hold: the images asked for, then the plan and its warnings, or the errors. */
export async function planText(dockerfilePath: string, bases: BaseFixtures): Promise<string> {
  const asked: string[] = [];
  const outcome = await outcomeOf(readFileSync(dockerfilePath, 'utf8'), fixtureResolver(bases, asked));
  return `${[...asked.sort(), outcome].join('\n')}\n`;
}

async function outcomeOf(text: string, resolver: BaseResolver): Promise<string> {
  const { dockerfile, diagnostics } = parseDockerfile(new SourceText('Dockerfile', text));
  if (dockerfile === undefined) return diagnostics.map(printProblem).join('\n\n');
  try {
    const plan = await planBuild({ ...requestOf(text, dockerfile), problems: diagnostics }, resolver);
    return [printPlan(plan), ...plan.warnings.map(printWarning)].join('\n');
  } catch (error) {
    if (error instanceof DockerfileError) return error.diagnostics.map(printProblem).join('\n\n');
    if (error instanceof RemoteError) return printRemote(error);
    throw error;
  }
}

function printRemote({ code, message, place }: RemoteError): string {
  const { line, column } = place?.source.position(place.span.start) ?? { line: 0, column: 0 };
  return `${code} at ${line}:${column}: ${message}`;
}

function printProblem(problem: Diagnostic): string {
  return problem.severity === 'error' ? printDiagnostic(problem) : printWarning(problem);
}

/** Build checks by name and place: how they are worded is tested where they are written. */
function printWarning(warning: Diagnostic): string {
  if (warning.source === undefined || warning.span === undefined) return printDiagnostic(warning);
  const { line, column } = warning.source.position(warning.span.start);
  return `check ${warning.code} at ${line}:${column}`;
}

/** Knows the images of the fixture file and notes what it was asked. */
function fixtureResolver(bases: BaseFixtures, asked: string[]): BaseResolver {
  return {
    async resolveBase(reference, platform) {
      asked.push(`asked for ${reference} ${printPlatform(platform)}`);
      const base = bases[reference];
      if (base === undefined) throw new RemoteError('image-not-found', `${reference}: not found`);
      const { architecture, os, variant } = base.config;
      return { ...base, platform: { architecture, os, variant } };
    },
  };
}

/** Reads `# plan: WORD VALUE` comments: target, arg, platform, build-platform, context, label, no-cache, network, labels, ignore. */
function requestOf(text: string, dockerfile: PlanRequest['dockerfile']): PlanRequest {
  const options = [...text.matchAll(/^# plan: (\S+) ?(.*)$/gm)].map(([, key = '', value = '']) => ({
    key,
    value,
  }));
  const all = (wanted: string) => options.filter(({ key }) => key === wanted).map(({ value }) => value);
  const pairs = (wanted: string) => new Map(all(wanted).map(splitAtEquals));
  const [platform] = all('platform');
  const [buildPlatform] = all('build-platform');
  const noCache = all('no-cache');
  const contexts = [...pairs('context')].map(([name, value]): [string, NamedContext] => [
    name,
    contextOf(value),
  ]);
  return {
    dockerfile,
    target: all('target')[0],
    buildArgs: pairs('arg'),
    targetPlatform: platform === undefined ? amd64 : parsePlatform(platform, amd64),
    isPlatformExplicit: platform !== undefined,
    showsPlatform: all('labels').includes('with-platform'),
    buildPlatform: buildPlatform === undefined ? amd64 : parsePlatform(buildPlatform, amd64),
    contexts: new Map(contexts),
    contextEpoch: all('context-epoch').map(Number)[0],
    labels: pairs('label'),
    ignoreRules: ignoreRulesOf(all('ignore')),
    noCache: noCache.includes('') ? true : new Set(noCache),
    network: all('network').includes('none') ? 'none' : 'default',
    maxDiagnostics: 20,
  };
}

/** `tree`, `tree@SECONDS` with the time of what was fetched, or an image. */
function contextOf(value: string): NamedContext {
  const [tree, seconds] = /^tree(?:@(\d+))?$/.exec(value) ?? [];
  if (tree === undefined) return { kind: 'image', reference: value };
  return { kind: 'tree', epochSeconds: seconds === undefined ? undefined : Number(seconds) };
}

/** Enough of the ignore language for checks: `*.suffix`. */
function ignoreRulesOf(patterns: readonly string[]): PlanRequest['ignoreRules'] {
  if (patterns.length === 0) return undefined;
  return { patterns, ignores: (path) => patterns.some((pattern) => path.endsWith(pattern.slice(1))) };
}

function splitAtEquals(text: string): [string, string] {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
}
