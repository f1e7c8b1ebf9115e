import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Capability, sandboxNeeds } from './capabilities.ts';
import type { ImageFacts } from './engine-image.ts';
import { describeBuilds } from './site.ts';
import { startTwoBuilders, type TwoBuilders } from './two-builders.ts';
import { worldBuilds, worldGroups } from './world-cases.ts';

/** Tests that each build of a group's folders is the same image from both builders, up to the differences it names. */
export function describeSameImages(groupName: string): void {
  const group = worldGroups[groupName];
  if (group === undefined) throw new Error(`no group is called ${groupName}`);
  const isDebian = group.bases.some(({ packages }) => packages !== undefined);
  const needs: Capability[] = [
    ...sandboxNeeds,
    'dockerd',
    'registry',
    ...(isDebian ? ['mmdebstrap' as const] : []),
  ];

  describeBuilds(needs, `from strata and from BuildKit is the same image: ${groupName}`, (site) => {
    let builders: TwoBuilders;
    beforeAll(async () => {
      builders = await startTwoBuilders(site, group.bases);
    }, 600_000);
    afterAll(() => builders?.stop());

    // Two builds, of compilers at that.
    test.each(worldBuilds(group))('$title', { timeout: 240_000 }, async (build) => {
      const [ours, theirs] = await builders.build(build);
      const known = build.rewritten === undefined ? (facts: ImageFacts) => facts : asRewritten;
      expect(differences(known(ours), known(theirs))).toEqual(build.differences);
    });
  });
}

/** What must be the same where BuildKit was given another Dockerfile that says the same. */
function asRewritten(facts: ImageFacts): ImageFacts {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([key]) => key !== 'layers' && !key.startsWith('history '))
      .map(([key, value]) => [key, value.replace(/^(file .*) (new|at [0-9]+)$/, '$1')]),
  );
}

/** A line for each fact that is not the same of both images. */
function differences(ours: ImageFacts, theirs: ImageFacts): string[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((key) => ours[key] !== theirs[key])
    .map((key) => `${key}: ${ours[key] ?? 'nothing'}, in BuildKit's ${theirs[key] ?? 'nothing'}`)
    .sort();
}
