/** The whole Dockerfiles of fixtures/dockerfiles-world and how each is built; the README there says what members mean. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../structure/imports.ts';

export const worldDir = join(projectDir, 'fixtures/dockerfiles-world');

interface WorldCase {
  readonly builds?: Readonly<Record<string, readonly string[]>>;
  readonly rewritten?: string;
  readonly differences?: Readonly<Record<string, readonly string[]>>;
}

/** One static busybox, or Debian with these packages and without the paths they do not need here. */
export interface WorldBase {
  readonly tags: readonly string[];
  readonly packages?: readonly string[];
  readonly without?: readonly string[];
}

interface WorldGroup {
  readonly bases: readonly WorldBase[];
  readonly cases: Readonly<Record<string, WorldCase>>;
}

export const worldGroups = JSON.parse(readFileSync(join(worldDir, 'cases.json'), 'utf8')) as Readonly<
  Record<string, WorldGroup>
>;

export interface WorldBuild {
  readonly title: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly rewritten: string | undefined;
  /** One line for each thing that is known not to be the same. */
  readonly differences: readonly string[];
}

/** Every build of a group's folders. */
export function worldBuilds({ cases }: WorldGroup): WorldBuild[] {
  return Object.entries(cases).flatMap(([folder, { builds = { '': [] }, rewritten, differences = {} }]) =>
    Object.entries(builds).map(([title, args]) => ({
      title: title === '' ? folder : `${folder} ${title}`,
      ...{ folder, args, rewritten, differences: Object.values(differences).flat().sort() },
    })),
  );
}
