import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { printDiagnostic } from '../../src/core/source/diagnostic.ts';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { printTree } from '../../src/dockerfile/print-tree.ts';
import { decodeDockerfile } from '../../src/dockerfile/text/decode.ts';

// Each folder holds a Dockerfile and either tree.txt or errors.txt. UPDATE_GOLDEN=1 writes them anew.
const folder = new URL('../../fixtures/dockerfiles/', import.meta.url);
const cases = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

test.each(cases)('%s', (name) => {
  const at = (file: string) => new URL(`${name}/${file}`, folder);
  const source = new SourceText('Dockerfile', decodeDockerfile(readFileSync(at('Dockerfile'))));
  const { dockerfile, diagnostics } = parseDockerfile(source);
  const [file, other] = diagnostics.length > 0 ? ['errors.txt', 'tree.txt'] : ['tree.txt', 'errors.txt'];
  const printed =
    dockerfile === undefined || diagnostics.length > 0
      ? `${diagnostics.map((each) => printDiagnostic(each)).join('\n\n')}\n`
      : printTree(dockerfile);
  if (process.env.UPDATE_GOLDEN === '1') {
    writeFileSync(at(file), printed);
    rmSync(at(other), { force: true });
  }
  expect(existsSync(at(other)), `${name} holds an old ${other}`).toBe(false);
  expect(printed).toBe(readFileSync(at(file), 'utf8'));
});

test('there are many cases', () => expect(cases.length).toBeGreaterThan(60));
