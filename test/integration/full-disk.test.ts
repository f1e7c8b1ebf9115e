/** A disk that runs full under each kind of work: the work ends and names it, and all is as before once there is room. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runOk } from '../support/process.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root', 'overlay', 'registry', 'skopeo'], 'a full disk', (site) => {
  const small = site.path('small');
  const ballast = join(small, 'ballast');
  const env = { STRATA_ROOT: join(small, 'store') };
  const layerBytes = 2_000_000;
  let registry: Registry;
  const context = site.path('app');
  /** Nothing of it is in the store yet. */
  const other = site.path('other');

  const strata = (args: readonly string[]) => site.strata(args, { env });
  const build = (...args: string[]) => ['build', '--progress', 'quiet', ...args, context];
  const image = () => `oci:${join(small, 'store/images')}:docker.io/library/app:1`;

  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    for (const name of ['app', 'other']) {
      site.files(name, { Dockerfile: 'FROM scratch AS one\nCOPY one /\nFROM one\nWORKDIR /w\nCOPY two .\n' });
      for (const file of ['one', 'two']) writeFileSync(site.path(`${name}/${file}`), randomBytes(layerBytes));
    }
    await site.strataOk(['build', '-t', `${registry.host}/other:1`, '--push', other]);
    await site.strataOk([
      'build',
      '-q',
      '-t',
      'other:1',
      '-o',
      `type=oci,dest=${site.path('other.tar')}`,
      other,
    ]);
    mkdirSync(small);
  });
  afterAll(() => registry?.stop());

  /** Leaves so many bytes on the disk. */
  const leave = (bytes: number) => {
    const { bavail, bsize } = statfsSync(small);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - bytes));
  };

  type Row = readonly [title: string, args: () => string[], left: number];
  test.each<Row>([
    ['while a layer is pulled', () => ['pull', `${registry.host}/other:1`], 1_000_000],
    ['while a document is pulled', () => ['pull', `${registry.host}/other:1`], 4_096],
    ['while an archive is loaded', () => ['load', '-i', site.path('other.tar')], 1_000_000],
    ['while an image is saved', () => ['save', '-o', join(small, 'saved.tar'), 'app:1'], 1_000_000],
    ['while an archive is exported', () => build('-o', `type=oci,dest=${small}/out.tar`), 1_000_000],
    [
      'while an archive for docker is exported',
      () => build('-o', `type=docker,dest=${small}/out.tar`),
      1_000_000,
    ],
    ['while a tar is exported', () => build('-o', `type=tar,dest=${small}/out.tar`), 1_000_000],
    ['while a layout is exported', () => build('-o', `type=oci,tar=false,dest=${small}/out`), 1_000_000],
    ['while files are exported', () => build('-o', `type=local,dest=${small}/out`), 1_000_000],
    [
      'while a cache is exported',
      () => build('--cache-to', `type=local,dest=${small}/out,mode=max`),
      1_000_000,
    ],
    ['while files are copied', () => build('--no-cache', '--build-arg', 'SOURCE_DATE_EPOCH=1'), 1_000_000],
    ['while a tag is written', () => ['tag', 'app:1', 'app:2'], 0],
    ['while the store is begun', () => build('--no-cache'), 0],
  ])('%s', async (_, args, left) => {
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small]);
    try {
      await site.strataOk(build('-t', 'app:1'), { env });
      const before = await runOk('skopeo', ['inspect', '--raw', image()]);
      leave(left);
      const { code, stderr } = await strata(args());
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/no space left on the device/),
      });
      expect(stderr).toContain(small);
      expect(stderr).toContain('[disk-full]');
      expect(stderr).not.toContain('bug in strata');
      rmSync(ballast);
      // Whole, and what failed succeeds.
      expect(await runOk('skopeo', ['inspect', '--raw', image()])).toBe(before);
      await runOk('skopeo', ['copy', '-q', image(), `oci:${site.path('copy')}`]);
      expect(await strata(build('--fail-on-miss'))).toMatchObject({ code: 0 });
      expect(await strata(args())).toMatchObject({ code: 0 });
      expect(await runOk('find', [small, '-name', '*.tmp', '-o', '-name', '*.strata-*'])).toBe('');
    } finally {
      await runOk('umount', [small]);
    }
  });

  test('while threads copy a large layer into an archive', async () => {
    site.files('large', { Dockerfile: 'FROM scratch\nCOPY one /\n' });
    writeFileSync(site.path('large/one'), randomBytes(9_000_000));
    const target = join(small, 'large.tar');
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]);
    try {
      const { code, stderr } = await site.strata([
        'build',
        '-o',
        `type=oci,dest=${target}`,
        site.path('large'),
      ]);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`write ${target}: no space left on the device`),
      });
      expect(stderr).toContain('[disk-full]');
      expect(await runOk('find', [small, '-type', 'f'])).toBe('');
    } finally {
      await runOk('umount', [small]);
    }
  });
});
