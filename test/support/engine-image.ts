/** An image as the docker engine holds it, as text that can be compared with another image's. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerEngine } from './dockerd.ts';
import { runOk } from './process.ts';
import { treeListing } from './tree-listing.ts';

/** One line for each path of the filesystem and for each thing the config says. */
export type ImageFacts = Readonly<Record<string, string>>;

interface Inspected {
  readonly Id: string;
  readonly GraphDriver: { readonly Data: { readonly UpperDir: string; readonly LowerDir?: string } };
}

interface Config {
  readonly [member: string]: unknown;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/**
 * @param dir of the engine, as it was given to `startDockerd`
 * @param since files changed after this moment (milliseconds) are said to be new, others have their time told
 */
export async function engineImage(
  engine: DockerEngine,
  dir: string,
  name: string,
  since: number,
): Promise<ImageFacts> {
  const asked = await engine.docker(['image', 'inspect', name]);
  const [image] = JSON.parse(asked.stdout) as readonly Inspected[];
  if (image === undefined) throw new Error(asked.stderr);
  const config = join(dir, 'data/image/overlay2/imagedb/content', image.Id.replace(':', '/'));
  return {
    ...configFacts(JSON.parse(readFileSync(config, 'utf8'))),
    ...(await fileFacts(dir, image, since)),
  };
}

/** The image's layers are mounted as the engine would mount them: nothing is copied or unpacked again. */
async function fileFacts(dir: string, image: Inspected, since: number): Promise<ImageFacts> {
  const { UpperDir, LowerDir } = image.GraphDriver.Data;
  const mountPoint = join(dir, 'mounted');
  const nothing = join(dir, 'nothing');
  for (const path of [mountPoint, nothing]) mkdirSync(path, { recursive: true });
  const lower = [UpperDir, ...(LowerDir?.split(':') ?? []), nothing].join(':');
  await runOk('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${lower}`, mountPoint]);
  try {
    return { ...treeListing(mountPoint, since), ...(await extendedAttributes(mountPoint)) };
  } finally {
    await runOk('umount', [mountPoint]);
    rmdirSync(mountPoint);
  }
}

/** Capabilities, access lists and others, a line each. What overlayfs keeps there for itself is not seen through it. */
async function extendedAttributes(dir: string): Promise<ImageFacts> {
  const listed = await runOk('getfattr', [
    ...['--recursive', '--physical', '--no-dereference', '--absolute-names'],
    ...['--dump', '--match=-', '--encoding=hex', dir],
  ]);
  const facts: Record<string, string> = {};
  for (const paragraph of listed.split('\n\n').filter((text) => text !== '')) {
    const [file = '', ...attributes] = paragraph.split('\n');
    const path = file.replace('# file: ', '').slice(dir.length);
    for (const attribute of attributes) {
      const [name = '', value = ''] = attribute.split('=');
      facts[`${path} ${name}`] = value;
    }
  }
  return facts;
}

/** What a config says beyond digests and times, empty members left out. */
function configFacts({ config, history, rootfs, ...rest }: Config): ImageFacts {
  const facts: Record<string, string> = { layers: `${rootfs.diff_ids.length}` };
  for (const key of ['architecture', 'os', 'variant', 'author'])
    facts[key] = JSON.stringify(rest[key]) ?? 'unset';
  for (const [key, value] of Object.entries(config)) {
    if (value !== null && value !== '' && value !== false) facts[`config ${key}`] = JSON.stringify(value);
  }
  for (const [index, { created_by = '', empty_layer = false }] of history.entries()) {
    facts[`history ${index}`] = `${historyText(created_by)}${empty_layer ? '' : ' (layer)'}`;
  }
  return facts;
}

/** A history entry without what BuildKits of different years spell differently; docs/DIFFERENCES.md tells what. */
function historyText(text: string): string {
  const [keyword = ''] = text.split(' ');
  if (keyword === 'COPY' || keyword === 'ADD') return text.replace(/^([A-Z]+)( --[a-z]+=\S*)+/, '$1');
  if (keyword === 'EXPOSE') return `EXPOSE ${[...new Set(text.match(/[0-9]+\/[a-z]+/g))].sort().join(' ')}`;
  if (keyword === 'RUN') return text.replace(/^RUN \|[0-9]+ .*? (?=\/\S*sh -\S*c )/s, 'RUN ');
  if (keyword === 'ARG') return text.replace(/=.*/, '');
  return keyword === 'HEALTHCHECK' ? keyword : text;
}
