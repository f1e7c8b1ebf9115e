/** `rewrite-timestamp=true`: the same image whenever and wherever it is built. */
import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { ImageIndex, Manifest } from '../../src/oci/descriptor.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

const epoch = 1_700_000_000;
const before = 1_000_000_000;

describeBuilds([...sandboxNeeds, 'skopeo'], 'times later than SOURCE_DATE_EPOCH', (site) => {
  const base = 'strata-base/busybox';
  beforeAll(async () => {
    await site.makeBusyboxBase();
    await site.strataOk(['save', '-o', site.path('base.tar'), base]);
  });

  /** Another checkout of the same project: its files have the times of when it was made. */
  function checkout(name: string, seconds: number): string {
    const dir = site.files(name, {
      Dockerfile: `FROM ${base}
WORKDIR /made
RUN date > /dev/null; echo a > new; echo b > old; touch -d @${before} old; ln new twin; rm /etc/group
COPY new.txt old.txt /copied/
COPY --link new.txt /linked/
`,
      'new.txt': 'new\n',
      'old.txt': 'old\n',
    });
    utimesSync(join(dir, 'new.txt'), seconds, seconds);
    utimesSync(join(dir, 'old.txt'), before, before);
    return dir;
  }

  const build = async (root: string, context: string, output: string, args: readonly string[] = []) => {
    const dest = site.path(output);
    const form = `type=oci,tar=false,dest=${dest},rewrite-timestamp=true,compression=gzip`;
    const epochArg = ['--build-arg', `SOURCE_DATE_EPOCH=${epoch}`];
    const store = ['--root', site.path(root)];
    await site.strataOk([...store, 'load', '-i', site.path('base.tar')]);
    const { stderr } = await site.strata([...store, 'build', ...epochArg, ...args, '-o', form, context]);
    return { stderr, ...layout(dest) };
  };

  function layout(dir: string) {
    const json = (path: string) => JSON.parse(readFileSync(join(dir, path), 'utf8'));
    const blobPath = (digest: string) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
    const [root] = (json('index.json') as ImageIndex).manifests;
    const manifest: Manifest = json(blobPath(root?.digest ?? ''));
    const files = manifest.layers.map(({ digest }) => join(dir, blobPath(digest)));
    return {
      config: manifest.config.digest,
      digest: root?.digest,
      layers: manifest.layers.map(({ digest }) => digest),
      files,
    };
  }

  test('are that, so that two builds are the same to the byte', async () => {
    const first = await build('first', checkout('one', epoch + 1_000), 'first.oci');
    const second = await build('second', checkout('two', epoch + 2_000.5), 'second.oci');
    expect(second.digest).toBe(first.digest);
    const again = await build('first', checkout('three', epoch + 3_000), 'again.oci', ['--fail-on-miss']);
    expect(again.digest).toBe(first.digest);

    const lines = await Promise.all(
      first.files
        .slice(1)
        .map((file) => runOk('tar', ['-tvf', file, '--utc', '--full-time', '--numeric-owner'])),
    );
    const times = lines
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(3, 6).join(' '));
    const late = new Date(epoch * 1000).toISOString().replace('T', ' ').slice(0, 19);
    const early = new Date(before * 1000).toISOString().replace('T', ' ').slice(0, 19);
    expect(times.filter((time) => !time.startsWith(late)).sort()).toEqual([
      '1970-01-01 00:00:00 dev/',
      '1970-01-01 00:00:00 etc/.wh.group',
      '1970-01-01 00:00:00 proc/',
      '1970-01-01 00:00:00 sys/',
      `${early} copied/old.txt`,
      `${early} made/old`,
    ]);
    expect(lines.join('')).toContain('etc/.wh.group');
    expect(lines.join('')).toMatch(/made\/twin link to made\/new/);
    await runOk('skopeo', ['inspect', `oci:${site.path('first.oci')}`]);
  });

  test('are left as they are in the base, and where nobody asked', async () => {
    const context = checkout('kept', epoch + 1_000);
    const plain = await build('first', context, 'plain.oci', [
      '-o',
      `type=oci,tar=false,dest=${site.path('asis.oci')}`,
    ]);
    const asIs = layout(site.path('asis.oci'));
    expect(plain.layers[0]).toBe(asIs.layers[0]);
    // WORKDIR makes its directory at that time in any case.
    expect(plain.layers.filter((digest) => asIs.layers.includes(digest))).toEqual(plain.layers.slice(0, 2));
  });

  test('are kept when the time is not known, which is said', async () => {
    const context = checkout('unknown', epoch);
    const outcome = await site.strata([
      'build',
      '-o',
      `type=oci,dest=${site.path('x.tar')},rewrite-timestamp=true`,
      context,
    ]);
    expect(outcome).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('changes nothing without --build-arg SOURCE_DATE_EPOCH'),
    });
  });

  test('are so in every compression', async () => {
    const raw = `type=oci,tar=false,dest=${site.path('raw.oci')},compression=uncompressed,rewrite-timestamp=true`;
    const context = checkout('other', epoch + 1_000);
    const gzip = await build('first', context, 'gzip.oci', ['-o', raw]);
    const other = layout(site.path('raw.oci'));
    expect(other.config).toBe(gzip.config);
    expect(other.layers.filter((digest) => gzip.layers.includes(digest))).toEqual(other.layers.slice(0, 1));
  });

  test('do not show in files either', async () => {
    const context = checkout('files', epoch + 1_000);
    const out = site.path('files-out');
    await site.strataOk(['build', '--build-arg', `SOURCE_DATE_EPOCH=${epoch}`, '-o', out, context]);
    const found = await runOk('find', [
      out,
      '-mindepth',
      '1',
      '-not',
      '-newermt',
      `@${epoch}`,
      '-newermt',
      `@${epoch - 1}`,
    ]);
    expect(found.trimEnd().split('\n')).toContain(join(out, 'copied/old.txt'));
    expect(await runOk('find', [out, '-mindepth', '1', '-newermt', `@${epoch}`])).toBe('');
  });
});
