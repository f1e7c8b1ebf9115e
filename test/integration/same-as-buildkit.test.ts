import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { describeSameImages } from '../support/same-image.ts';
import { worldDir, worldGroups } from '../support/world-cases.ts';

test('every folder of whole Dockerfiles is in one group', () => {
  const folders = readdirSync(worldDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const listed = Object.values(worldGroups).flatMap(({ cases }) => Object.keys(cases));
  expect(listed.sort()).toEqual(folders.map(({ name }) => name).sort());
});

test('every difference that is expected has its reason in docs/DIFFERENCES.md', () => {
  const headings = Object.values(worldGroups).flatMap(({ cases }) =>
    Object.values(cases).flatMap(({ differences = {} }) => Object.keys(differences)),
  );
  const reasons = readFileSync(join(projectDir, 'docs/DIFFERENCES.md'), 'utf8').split('\n');
  expect(reasons).toEqual(expect.arrayContaining(headings.map((heading) => `### ${heading}`)));
});

describeSameImages('busybox');
