/** Base images of integration tests, made on this machine from Debian's packages. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../structure/imports.ts';
import { runOk } from './process.ts';

/**
 * The path of a tar with a Debian bookworm root filesystem (`minbase` and the packages of `include`, without the paths
 * that match patterns of `without`). Making one takes mmdebstrap half a minute and more, so it is kept in the cache
 * directory under what it is made of.
 */
export async function debianRootfs(
  include: readonly string[],
  without: readonly string[] = [],
): Promise<string> {
  const sources = aptSources();
  const key = createHash('sha256')
    .update(JSON.stringify(['bookworm', 'minbase', include, sources, ...without]))
    .digest('hex');
  const dir = cacheDir();
  const kept = join(dir, `debian-${key.slice(0, 16)}.tar`);
  if (existsSync(kept)) return kept;

  // Two makers at once are harmless: each works aside, and either result will do.
  const aside = mkdtempSync(join(dir, 'making-'));
  try {
    const made = join(aside, 'rootfs.tar');
    const packages = include.length === 0 ? [] : [`--include=${include.join(',')}`];
    const excluded = without.map((pattern) => `--dpkgopt=path-exclude=${pattern}`);
    const mirrors = Object.entries(sources).map(([kind, text]) => {
      writeFileSync(join(aside, `debian.${kind}`), text);
      return join(aside, `debian.${kind}`);
    });
    await runOk('mmdebstrap', [
      '--quiet',
      '--variant=minbase',
      ...packages,
      ...excluded,
      'bookworm',
      made,
      ...mirrors,
    ]);
    renameSync(made, kept);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return kept;
}

/** The path of a tar with the example's base: one static busybox. */
export async function busyboxRootfs(dir: string): Promise<string> {
  const path = join(dir, 'rootfs.tar');
  await runOk(join(projectDir, 'scripts/make-busybox-rootfs'), [path]);
  return path;
}

/**
 * Where apt fetches bookworm from on this machine, in apt's two notations; empty where it does not, as on Ubuntu:
 * mmdebstrap's own default serves then.
 */
function aptSources(): { list?: string; sources?: string } {
  const texts = (extension: string): string[] =>
    ['/etc/apt', '/etc/apt/sources.list.d']
      .filter((dir) => existsSync(dir))
      .flatMap((dir) =>
        readdirSync(dir)
          .sort()
          .map((name) => join(dir, name)),
      )
      .filter((path) => path.endsWith(extension))
      .map((path) => readFileSync(path, 'utf8'));
  const lines = texts('.list')
    .flatMap((text) => text.split('\n'))
    .filter((line) => /^deb\s.*\sbookworm\S*\s+main\b/.test(line));
  const stanzas = texts('.sources')
    .flatMap((text) => text.split(/\n\s*\n/))
    .filter((stanza) => /^Suites:.*\bbookworm\b/m.test(stanza) && /^Components:.*\bmain\b/m.test(stanza));
  return {
    ...(lines.length > 0 && { list: `${lines.join('\n')}\n` }),
    ...(stanzas.length > 0 && { sources: `${stanzas.join('\n\n')}\n` }),
  };
}

function cacheDir(): string {
  const dir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'strata-tests');
  mkdirSync(dir, { recursive: true });
  return dir;
}
