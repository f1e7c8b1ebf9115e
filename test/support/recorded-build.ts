import { readFileSync } from 'node:fs';
import type { Site } from './site.ts';

export interface RecordedBuild {
  /** Of the manifest. */
  readonly digest: string;
  /** What the Dockerfile's steps came to, in order: `RUN make` → `run`. */
  readonly steps: readonly (readonly [label: string, result: 'cached' | 'run'])[];
}

/** Builds, which must succeed, and tells from the metadata file which steps ran. */
export async function recordedBuild(site: Site, args: readonly string[]): Promise<RecordedBuild> {
  const file = site.path('metadata.json');
  await site.strataOk(['build', '--metadata-file', file, ...args]);
  const metadata = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly 'containerimage.digest': string;
    readonly 'strata.steps': readonly { readonly label: string; readonly result: 'cached' | 'run' }[];
  };
  return {
    digest: metadata['containerimage.digest'],
    steps: metadata['strata.steps'].map(({ label, result }) => [label, result] as const),
  };
}
