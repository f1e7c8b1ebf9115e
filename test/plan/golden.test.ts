import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type BaseFixtures, planText } from './golden-case.ts';

const folder = fileURLToPath(new URL('../../fixtures/plans/', import.meta.url));
const bases: BaseFixtures = JSON.parse(readFileSync(`${folder}bases.json`, 'utf8'));
const cases = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/Dockerfile`));

test.each(cases)('fixtures/plans/%s', async (name) => {
  const text = await planText(`${folder}${name}/Dockerfile`, bases);
  const golden = `${folder}${name}/plan.txt`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
  expect(text).toBe(readFileSync(golden, 'utf8'));
});
