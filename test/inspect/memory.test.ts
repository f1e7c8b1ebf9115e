import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { type BlobDigest, digestFromHex } from '../../src/core/digest.ts';
import { fileTable } from '../../src/inspect/tree/file-table.ts';
import { readLayerTree } from '../../src/inspect/tree/read-layer-tree.ts';
import { memberChecker } from '../../src/layer/validate/check-members.ts';
import { mediaTypes } from '../../src/oci/descriptor.ts';
import { file, tarOf } from '../support/image-parts.ts';
import { run } from '../support/process.ts';
import { strata } from './cli.ts';
import { openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));
/** Prints what a process took at most, in kilobytes, behind all else. */
const hook = scratch.path('hook.cjs');
const report = "process.stderr.write(' ' + process.resourceUsage().maxRSS)";
writeFileSync(hook, `process.on('exit', () => ${report});`);

/** An archive of empty files, a hundred to a directory, gzipped. */
async function archiveOf(count: number): Promise<Buffer> {
  const header = (await tarOf([file('#'.repeat(60), '')])).subarray(0, 512);
  const archive = Buffer.alloc(count * 512 + 1024);
  const sumOf = (name: string) => Buffer.from(name).reduce((sum, byte) => sum + byte, 0);
  const checksum = Number.parseInt(header.toString('latin1', 148, 154), 8) - sumOf('#'.repeat(60));
  for (let index = 0; index < count; index++) {
    const name = `opt/directory-${Math.floor(index / 100)}/some-file-${index}`.padEnd(60, '_');
    const at = index * 512;
    header.copy(archive, at);
    archive.write(name, at, 'latin1');
    archive.write((checksum + sumOf(name)).toString(8).padStart(6, '0'), at + 148, 'latin1');
  }
  return gzipSync(archive, { level: 1 });
}

async function layoutOf(name: string, gzip: Buffer): Promise<string> {
  const layout = startLayout(scratch.path(name));
  const layer = layout.put(gzip, mediaTypes.ociLayerGzip);
  layout.name([[undefined, await layout.image({ manifest: { layers: [layer] } })]]);
  return layout.directory;
}

/** Lists all files with a heap that two hundred bytes a file would fill. */
async function look(image: string) {
  const flags = ['--max-old-space-size=64', '--require', hook];
  const args = [...flags, program, 'inspect', '--files', '--json', image];
  const { code, stdout, stderr } = await run(process.execPath, args);
  return { code, stdout, kilobytes: Number(stderr.split(' ').at(-1)) };
}

test('memory is flat: three hundred thousand files take less than three hundred bytes each', async () => {
  const few = await layoutOf('few', await archiveOf(1000));
  const many = await layoutOf('many', await archiveOf(300_000));
  const [small, large] = [await look(few), await look(many)];
  // The config has the digest of another layer: that is a finding, and the layer is shown.
  expect([small.code, large.code]).toEqual([1, 1]);
  expect(large.stdout).toMatch(/"added": 300000,/);
  // The root is not named; `opt` and a directory for every hundred files are implied.
  expect(large.stdout.match(/"path": "\/opt/g)).toHaveLength(303_001);
  expect((large.kilobytes - small.kilobytes) * 1024).toBeLessThan(299_000 * 300);
}, 120_000);

describe('an image that would fill the memory is refused', () => {
  test('by the bytes of its names', async () => {
    // A member of a megabyte of name, gzipped; gzip members stand behind each other.
    const long = gzipSync(
      (await tarOf([{ name: 'a', type: 'symlink', linkname: 'x'.repeat(1_000_000) }])).subarray(0, -1024),
    );
    const image = await layoutOf('names', Buffer.concat(Array.from({ length: 269 }, () => long)));
    const { code, stdout, stderr } = await strata(['inspect', image]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('more than 1200000 files, or more than 268435456 bytes of names and attributes');
    expect(stderr).toContain('[image-too-many-files]');
    expect(stderr).toContain('it may be made to do harm');
  }, 120_000);

  test('by its files, whatever layer they are in and however they are named', async () => {
    const tar = await tarOf([file('a'), file('a'), file('b')]);
    const files = fileTable();
    const budget = { files: 5, bytes: 1000 };
    const checker = memberChecker(files.paths);
    const read = () =>
      readLayerTree(
        {
          async *open() {
            yield tar;
          },
        },
        {
          layer: {
            mediaType: mediaTypes.ociLayer,
            digest: digestFromHex<BlobDigest>('0'.repeat(64)),
            size: tar.length,
          },
          diffID: undefined,
          checker: checker.startLayer(() => {}),
          budget,
          files,
          hashesContent: true,
        },
        () => {},
      );
    expect(await read()).toMatchObject({ start: 1, end: 4 });
    await expect(read()).rejects.toMatchObject({ code: 'image-too-many-files' });
  });
});
