import { closeSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Platform } from '../../src/core/platform.ts';
import { mergePlatforms, type PlatformTree } from '../../src/export/platform-trees.ts';
import { walkTree } from '../../src/export/walk-tree.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';
import { openWorkspace, type Workspace } from './sample.ts';

const platforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

describe('the files of several platforms in one place', () => {
  let space: Workspace;
  beforeEach(() => {
    space = openWorkspace();
  });
  afterEach(() => space.remove());

  /** Each platform has the files that are named, their names in them. */
  function platformTrees(...files: readonly (readonly string[])[]): PlatformTree[] {
    return platforms.map((platform, index) => {
      const root = space.path(platform.architecture);
      mkdirSync(root);
      for (const name of files[index] ?? []) {
        mkdirSync(dirname(`${root}/${name}`), { recursive: true });
        writeFileSync(`${root}/${name}`, name);
      }
      return { platform, tree: mergedTree([root]), seconds: 0 };
    });
  }

  test('lie side by side', () => {
    const tree = mergePlatforms(platformTrees(['bin/a', 'lib/x/a'], ['bin/b', 'lib/b', 'top']));
    const found = [...walkTree(tree)].flatMap(({ kind, path, stat }) => {
      if (kind === 'leave' || stat.type !== 'file') return [];
      const descriptor = tree.open(path);
      const text = readFileSync(descriptor, 'utf8');
      closeSync(descriptor);
      return [[path, text]];
    });
    expect(found).toEqual(['bin/a', 'bin/b', 'lib/b', 'lib/x/a', 'top'].map((name) => [name, name]));
    expect(tree.lstat('bin/c')).toBeUndefined();
  });

  test.each([
    ['two files', ['bin/same'], ['bin/same'], 'bin/same'],
    ['a file and a directory', ['bin'], ['bin/b'], 'bin'],
    ['a directory and a file', ['bin/a'], ['bin'], 'bin'],
  ])('may not have one name: %s', (_title, first, second, path) => {
    const trees = platformTrees(first, second);
    expect(() => mergePlatforms(trees)).toThrow(
      `"${path}" is a file of linux/amd64 and of linux/arm64, and they go to one place`,
    );
  });
});
