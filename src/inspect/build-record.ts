/**
 * What a build leaves behind about itself, as `ROOT/builds/NAME.json`: which line of which Dockerfile made which
 * layer, and whether it ran. Names ascend with time.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiffID, Digest } from '../core/digest.ts';
import { systemCode } from '../core/errors.ts';
import { writeFileAtomic } from '../sys/atomic-file.ts';

const schema = 1;

export interface BuildRecord {
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** As the person named it. */
  readonly dockerfile: string;
  readonly images: readonly {
    readonly manifest: Digest;
    readonly config: Digest;
    readonly names: readonly string[];
  }[];
  readonly steps: readonly BuildRecordStep[];
}

export interface BuildRecordStep {
  /** `[build 2/5] RUN make`. */
  readonly label: string;
  /** In the Dockerfile, from 1 on. */
  readonly line: number;
  readonly result: 'cached' | 'run';
  readonly durationMs: number;
  /** Of the layer it made; absent for a step whose layer nobody asked for. */
  readonly diffID?: DiffID;
}

/** Keeps the record of a build that is done. @param id unique among builds of one millisecond */
export async function writeBuildRecord(root: string, id: string, record: BuildRecord): Promise<void> {
  const directory = join(root, 'builds');
  mkdirSync(directory, { recursive: true });
  const name = `${record.startedAt.replace(/[^0-9]/g, '').padEnd(17, '0')}-${id}.json`;
  await writeFileAtomic(join(directory, name), `${JSON.stringify({ schema, ...record })}\n`);
}

/** All records that can be read, the newest first. */
export function readBuildRecords(root: string): BuildRecord[] {
  const directory = join(root, 'builds');
  const names = listNames(directory).filter((name) => name.endsWith('.json'));
  return names
    .sort()
    .reverse()
    .flatMap((name) => readRecord(join(directory, name)) ?? []);
}

/** The step that made each layer, as the newest build of an image says. @param config of the image */
export function stepsOfLayers(
  records: readonly BuildRecord[],
  config: Digest,
): ReadonlyMap<DiffID, BuildRecordStep & { readonly dockerfile: string }> {
  const record = records.find(({ images }) => images.some((image) => image.config === config));
  const steps = record?.steps ?? [];
  return new Map(
    steps.flatMap((step) =>
      step.diffID === undefined ? [] : [[step.diffID, { ...step, dockerfile: record?.dockerfile ?? '' }]],
    ),
  );
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** A file that does not read as a record is none. */
function readRecord(path: string): BuildRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as BuildRecord & { readonly schema: number };
    const isOne = record.schema === schema && Array.isArray(record.images) && Array.isArray(record.steps);
    return isOne ? record : undefined;
  } catch {
    return undefined;
  }
}
