import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/table.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import { type AssembledImage, assembleImage } from '../../src/export/assemble.ts';
import { type Outcome, strata as runStrata } from '../support/in-process.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strata-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Runs a command line in this process, its state in the test's directory. */
function strata(args: readonly string[], stdin?: Buffer): Promise<Outcome> {
  const env = { STRATA_ROOT: join(dir, 'root'), XDG_CONFIG_HOME: dir };
  return runStrata(args, { env, ...(stdin === undefined ? {} : { stdin }) });
}

/** An image without layers, named in the test's root. */
async function makeImage(name: string): Promise<AssembledImage> {
  const images = join(dir, 'root/images');
  const blobs = openBlobStore(images, join(dir, 'ingest'));
  const config = {
    created: '2024-05-06T07:08:09.123Z',
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [] },
  } as const;
  const image = await assembleImage(config, [], blobs);
  await openRefs(images).set(name, image.manifest);
  return image;
}

describe('usage', () => {
  const wrong: [title: string, args: string[], stderr: RegExp][] = [
    [
      'an unknown command',
      ['imges'],
      /^error: unknown command "imges" \[unknown-command\]\n {2}help: did you mean images\?\n$/,
    ],
    [
      'a command nobody could mean',
      ['frobnicate'],
      /unknown command "frobnicate".*\n {2}help: see `strata --help`/,
    ],
    [
      'an unknown flag',
      ['images', '--qiet'],
      /unknown option "--qiet" \[unknown-flag\]\n {2}help: did you mean --quiet\?/,
    ],
    [
      'a flag without its value',
      ['save', 'x', '--output'],
      /--output needs a value \[missing-value\]\n {2}help: see `strata save --help`/,
    ],
    ['a missing argument', ['tag', 'a'], /strata tag needs NAME \[missing-argument\]/],
    ['too many arguments', ['images', 'a'], /strata images takes 0 arguments, got 1 \[too-many-arguments\]/],
    [
      'a bad format',
      ['images', '--format', 'jsn'],
      /--format jsn: unknown format.*\n {2}help: did you mean json\?/,
    ],
  ];
  test.each(wrong)('%s', async (_title, args, stderr) => {
    const got = await strata(args);
    expect(got).toMatchObject({ code: 2, stdout: '' });
    expect(got.stderr).toMatch(stderr);
  });

  test.each([['--help'], ['-h'], ['help'], []].map((args) => [args]))('help: %j', async (args) => {
    const got = await strata(args);
    expect(got).toMatchObject({ code: 0, stderr: '' });
    for (const { name, summary } of commands)
      expect(got.stdout).toMatch(new RegExp(`^ +${name} +${summary.slice(0, 20)}`, 'm'));
  });

  test.each(commands.map(({ name }) => name))(
    '%s --help has an example and fits 80 columns',
    async (name) => {
      const got = await strata([name, '--help']);
      expect(got).toMatchObject({ code: 0, stderr: '' });
      expect(got.stdout).toMatch(/^Usage: strata /);
      expect(got.stdout).toMatch(new RegExp(`Examples?:\\n  strata ${name}`));
      expect(got.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(got.stdout).not.toMatch(/default: [[{"]|default: true/);
      expect((await strata(['help', name])).stdout).toBe(got.stdout);
    },
  );

  test.each(['build', 'prune'])('a configuration file that is wrong about pruning: %s', async (name) => {
    mkdirSync(join(dir, 'strata'));
    writeFileSync(join(dir, 'strata/config.json'), '{"prune": {"keep-sise": "1g"}}');
    const { code, stderr } = await strata([name, ...(name === 'build' ? [dir] : [])]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('[bad-config-file]')]);
    expect(stderr).toContain('"prune"');
  });

  test('the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await strata(['--version'])).toEqual({ code: 0, stdout: 'strata unbuilt\n', stderr: '' });
  });
});

describe('the local store', () => {
  test('an empty one', async () => {
    expect(await strata(['images', '--json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect((await strata(['images'])).stdout).toBe('IMAGE  ID  PLATFORM  CREATED  SIZE\n');
  });

  test('--root stands before or after the command and wins over the environment', async () => {
    await makeImage('docker.io/library/app:1');
    expect(JSON.parse((await strata(['images', '--json'])).stdout)).toHaveLength(1);
    expect((await strata(['--root', join(dir, 'a'), 'images', '--json'])).stdout).toBe('[]\n');
    expect((await strata(['images', '--json', '--root', join(dir, 'a')])).stdout).toBe('[]\n');
  });

  test('images as a table, as JSON and as digests', async () => {
    const { manifest, config } = await makeImage('docker.io/library/app:1');
    const id = config.digest.slice(7, 19);
    const size = `${config.size}B`;
    expect((await strata(['images'])).stdout).toBe(
      `IMAGE  ID            PLATFORM     CREATED           SIZE\napp:1  ${id}  linux/amd64  2024-05-06 07:08  ${size}\n`,
    );
    expect(JSON.parse((await strata(['images', '--format', 'json'])).stdout)).toEqual([
      {
        name: 'docker.io/library/app:1',
        digest: manifest.digest,
        id: config.digest,
        platforms: ['linux/amd64'],
        created: '2024-05-06T07:08:09.123Z',
        sizeBytes: config.size,
        isReadable: true,
      },
    ]);
    expect((await strata(['images', '-q'])).stdout).toBe(`${manifest.digest}\n`);
  });

  test('tag, save to standard output, remove, load from standard input', async () => {
    await makeImage('docker.io/library/app:1');
    expect(await strata(['tag', 'app:1', 'example.org/x'])).toMatchObject({ code: 0, stdout: '' });
    expect(await strata(['save', '-o', join(dir, 'a.tar'), 'example.org/x'])).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(await strata(['rmi', 'app:1', 'example.org/x'])).toMatchObject({
      code: 0,
      stdout: 'removed docker.io/library/app:1\nremoved example.org/x:latest\n',
    });
    const loaded = await strata(['load'], readFileSync(join(dir, 'a.tar')));
    expect(loaded).toEqual({ code: 0, stdout: 'loaded example.org/x:latest\n', stderr: '' });
  });

  test('a root of another version is left alone', async () => {
    mkdirSync(join(dir, 'root'));
    writeFileSync(join(dir, 'root/version'), '99\n');
    const got = await strata(['images']);
    expect(got).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/says version 99.*\[newer-store\]/),
    });
    expect(readdirSync(join(dir, 'root'))).toEqual(['version']);
  });

  test('what is not there is a failure with a hint', async () => {
    await makeImage('docker.io/library/app:1');
    expect(await strata(['rmi', 'ap:1'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: there is no image "ap:1" in the store [no-such-image]\n  help: did you mean "app:1"?\n',
    });
  });
});
