import { expect, test } from 'vitest';
import { DockerfileError, HostError } from '../../src/core/errors.ts';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { planBuild } from '../../src/plan/plan-build.ts';
import type { BaseResolver, ResolvedBase } from '../../src/plan/resolver.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };

function request(text: string, more: Partial<PlanRequest> = {}): PlanRequest {
  const { dockerfile } = parseDockerfile(new SourceText('Dockerfile', text));
  if (dockerfile === undefined) throw new Error('the test needs a Dockerfile that parses');
  return {
    dockerfile,
    buildArgs: new Map(),
    targetPlatform: amd64,
    isPlatformExplicit: false,
    buildPlatform: amd64,
    contexts: new Map(),
    labels: new Map(),
    noCache: new Set(),
    network: 'default',
    maxDiagnostics: 20,
    ...more,
  };
}

function emptyImage(reference: string): ResolvedBase {
  const config = { ...amd64, rootfs: { type: 'layers', diff_ids: [] } } as const;
  return { reference, platform: amd64, config };
}

test('all images are asked for before one is answered', async () => {
  const waiting: (() => void)[] = [];
  const resolver: BaseResolver = {
    resolveBase: (reference) =>
      new Promise((answer) => {
        waiting.push(() => answer(emptyImage(reference)));
        if (waiting.length === 3) for (const go of waiting) go();
      }),
  };
  const text =
    'FROM a AS one\nFROM b AS two\nFROM one\nCOPY --from=two / /\nCOPY --from=c / /\nCOPY --from=a / /\n';
  const plan = await planBuild(request(text), resolver);
  expect(waiting).toHaveLength(3);
  expect(plan.target).toBe('stage-2/3');
});

test('an image that cannot be had fails as the resolver said, with the place of its name', async () => {
  const failure = new HostError('disk-full', 'no space left');
  const resolver: BaseResolver = { resolveBase: () => Promise.reject(failure) };
  const asked = request('FROM scratch AS alpin\nFROM alpine\n');
  await expect(planBuild(asked, resolver)).rejects.toBe(failure);
  expect(failure.place).toEqual({ source: asked.dockerfile.source, span: { start: 27, end: 33 } });
});

test('errors beyond the limit are not kept', async () => {
  const text = `FROM scratch\n${'STOPSIGNAL nope\n'.repeat(5)}`;
  const planned = planBuild(request(text, { maxDiagnostics: 3 }), {
    resolveBase: async (name) => emptyImage(name),
  });
  const error = await planned.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DockerfileError);
  expect(error instanceof DockerfileError && error.diagnostics).toHaveLength(3);
});

test('build arguments that the planned part took', async () => {
  const text = 'ARG G\nFROM scratch AS unused\nARG U\nFROM scratch\nARG S\nARG D=1\n';
  const names = ['G', 'U', 'S', 'X', 'HTTP_PROXY'];
  const buildArgs = new Map(names.map((name) => [name, 'v']));
  const plan = await planBuild(request(text, { buildArgs }), {
    resolveBase: async (name) => emptyImage(name),
  });
  expect([...plan.usedBuildArgs]).toEqual(['G', 'S']);
  expect(plan.warnings.map((warning) => warning.message)).toEqual(['no ARG takes the build argument "X"']);
});

test('a label may be called __proto__', async () => {
  const text = 'FROM scratch\nLABEL __proto__=x a=b\n';
  const { image } = await planBuild(request(text), { resolveBase: async (name) => emptyImage(name) });
  expect(JSON.stringify(image.config.Labels)).toBe('{"__proto__":"x","a":"b"}');
});

test('stages in a very long row', async () => {
  const rest = Array.from({ length: 4000 }, (_, i) => `FROM s${i} AS s${i + 1}\n`);
  const text = `FROM scratch AS s0\nCOPY x /\n${rest.join('')}`;
  const plan = await planBuild(request(text), { resolveBase: async (name) => emptyImage(name) });
  expect(plan.target).toBe('s0/1');
});
