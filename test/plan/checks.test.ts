import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileIgnore } from '../../src/context/patterns/ignore.ts';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { checkBuild } from '../../src/plan/check-build.ts';
import type { BaseResolver } from '../../src/plan/resolver.ts';

// fixtures/checks/README.md says what these are.
interface Case {
  readonly dockerfile: string;
  readonly ignore?: string;
  readonly flags?: string;
  readonly want: readonly string[] | 'error';
  readonly buildkit?: readonly string[] | 'error';
}

const cases = readFileSync(new URL('../../fixtures/checks/cases.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Case => JSON.parse(line));

const platform = { os: 'linux', architecture: 'amd64' };
const resolver: BaseResolver = {
  resolveBase: async (reference) => {
    const config = { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] };
    return { reference, platform, config: { ...platform, config, rootfs: { type: 'layers', diff_ids: [] } } };
  },
};

/** `--build-arg A=B` and `--target S`, as they stand in a case. */
function valuesOf(flag: string, flags = ''): string[] {
  const words = flags.split(' ');
  return words.flatMap((word, index) => (words[index - 1] === flag ? [word] : []));
}

async function found({ dockerfile: text, ignore, flags }: Case): Promise<readonly string[] | 'error'> {
  const { dockerfile, diagnostics: problems } = parseDockerfile(new SourceText('Dockerfile', text));
  if (dockerfile === undefined) return 'error';
  const args = valuesOf('--build-arg', flags).map((pair) => pair.split(/=(.*)/s, 2) as [string, string]);
  const request = {
    ...{ dockerfile, problems, buildArgs: new Map(args), target: valuesOf('--target', flags)[0] },
    ...{ targetPlatform: platform, buildPlatform: platform, isPlatformExplicit: false },
    ...{ contexts: new Map(), labels: new Map(), noCache: new Set<string>(), network: 'default' as const },
    ignoreRules: ignore === undefined ? undefined : compileIgnore(ignore),
    maxDiagnostics: 20,
  };
  const { errors, warnings } = await checkBuild(request, resolver);
  if (errors.length > 0) return 'error';
  const lineOf = (offset = 0) => dockerfile.source.position(offset).line;
  return warnings.map(({ code, span }) => `${code} ${lineOf(span?.start)}`).sort();
}

describe('build checks find what BuildKit finds', () => {
  test.each(cases)('$dockerfile $ignore $flags', async (each) => {
    expect(await found(each)).toEqual(each.want);
  });

  test('but for what has a reason', () => {
    expect(cases.length).toBeGreaterThan(500);
    for (const { want, buildkit } of cases) expect(buildkit).not.toEqual(want);
  });
});
