import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { checkBuild } from '../../src/plan/check-build.ts';
import { noImages } from '../../src/plan/resolver.ts';

// A failure prints its seed; FUZZ_SEED=… runs it again.
const seed = Number(process.env.FUZZ_SEED ?? 20_260_401);
console.log(`fuzz seed ${seed}`);

const folder = new URL('../../fixtures/plans/', import.meta.url);
const corpus = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) => readFileSync(new URL(`${entry.name}/Dockerfile`, folder), 'utf8').split('\n'));

const pieces = fc.constantFrom(
  '',
  'X',
  '$a',
  `\${a:?}`,
  '--from=1 ',
  ' ',
  '\n',
  '\nFROM ',
  '\nEVN A=b\n',
  '<<E',
  '"',
);
const line = fc
  .tuple(fc.constantFrom(...corpus), fc.nat(), fc.nat({ max: 4 }), pieces)
  .map(([text, at, count, piece]) => {
    const start = at % (text.length + 1);
    return at % 3 > 0 ? text : text.slice(0, start) + piece + text.slice(start + count);
  });
const file = fc.array(line, { maxLength: 25 }).map((lines) => ['FROM scratch AS a', ...lines].join('\n'));

test('whatever is wrong with a file is told, each error once and in order', async () => {
  const platform = { os: 'linux', architecture: 'amd64' };
  const property = fc.asyncProperty(file, fc.constantFrom(undefined, 'a', 'b'), async (text, target) => {
    const { dockerfile, diagnostics: problems } = parseDockerfile(new SourceText('Dockerfile', text));
    if (dockerfile === undefined) return;
    const { errors } = await checkBuild(
      {
        ...{ dockerfile, problems, target, buildArgs: new Map(), contexts: new Map(), labels: new Map() },
        ...{ targetPlatform: platform, buildPlatform: platform, isPlatformExplicit: false },
        ...{ noCache: new Set(), network: 'default', maxDiagnostics: 1000 },
      },
      noImages,
    );
    expect(errors).toEqual(expect.arrayContaining([...problems]));
    const told = errors.map(({ code, message, span, notes }) => JSON.stringify([span, code, message, notes]));
    expect(new Set(told).size).toBe(told.length);
    const starts = errors.map(({ span }) => span?.start ?? -1);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });
  await fc.assert(property, { seed, numRuns: 600 });
});
