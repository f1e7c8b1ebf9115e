/** A place for real builds: a directory of its own with a store, contexts and outputs, watched for what builds leave behind. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { busyboxRootfs } from './bases.ts';
import { type Capability, describeWith } from './capabilities.ts';
import { leftovers } from './leftovers.ts';
import { type Outcome, type RunOptions, run, runOk } from './process.ts';

export interface Site {
  /** Gone when the tests are through. Short, so that sockets may lie in it. */
  readonly dir: string;
  /** The store of every `strata` call. */
  readonly root: string;
  /** What makes a child process work on this site's store. */
  readonly environment: Readonly<Record<string, string>>;
  /** A path in `dir`. */
  path(name: string): string;
  /** Writes files (a name ending in `/` is a directory) below `dir/name` and returns that directory. */
  files(name: string, files: Readonly<Record<string, string>>): string;
  /** Runs bin/strata on this site's store. */
  strata(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Runs bin/strata, which must succeed. */
  strataOk(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Makes an image in this site's store of a tar with a root filesystem. */
  makeBase(name: string, rootfs: string): Promise<void>;
  /** Makes `strata-base/busybox` in this site's store. */
  makeBusyboxBase(): Promise<void>;
}

/** Tests that build: each is followed by a look at what the builds left on the machine, which must be nothing. */
export function describeBuilds(
  needs: readonly Capability[],
  title: string,
  define: (site: Site) => void,
): void {
  describeWith(needs, title, () => {
    const site = openSite();
    beforeAll(() => mkdirSync(join(site.dir, 'tmp'), { recursive: true }));
    afterEach(async () => expect(await leftovers(site)).toEqual([]));
    afterAll(() => rmSync(site.dir, { recursive: true, force: true }));
    define(site);
  });
}

function openSite(): Site {
  const dir = join(tmpdir(), `site-${randomBytes(4).toString('hex')}`);
  const root = join(dir, 'store');
  const path = (name: string): string => join(dir, name);
  // What a build throws at TMPDIR is looked at afterwards, as is every process that still carries this STRATA_ROOT.
  const environment = { STRATA_ROOT: root, TMPDIR: path('tmp'), XDG_CONFIG_HOME: path('no-config') };
  const options = (given: RunOptions): RunOptions => ({ ...given, env: { ...environment, ...given.env } });
  const program = join(projectDir, 'bin/strata');

  const site: Site = {
    dir,
    root,
    environment,
    path,
    files(name, files) {
      for (const [file, text] of Object.entries(files)) {
        const target = join(dir, name, file);
        mkdirSync(file.endsWith('/') ? target : dirname(target), { recursive: true });
        if (!file.endsWith('/')) writeFileSync(target, text);
      }
      return path(name);
    },
    strata: (args, given = {}) => run(program, args, options(given)),
    strataOk: (args, given = {}) => runOk(program, args, options(given)),
    async makeBase(name, rootfs) {
      const context = site.files(`base-${name}`, { Dockerfile: `FROM scratch\nADD ${basename(rootfs)} /\n` });
      copyFileSync(rootfs, join(context, basename(rootfs)));
      await site.strataOk(['build', '-t', name, context]);
    },
    async makeBusyboxBase() {
      const context = site.path('busybox-base');
      mkdirSync(context, { recursive: true });
      await busyboxRootfs(context);
      const dockerfile = join(projectDir, 'fixtures/busybox-base/Dockerfile');
      await site.strataOk(['build', '-f', dockerfile, '-t', 'strata-base/busybox', context]);
    },
  };
  return site;
}
