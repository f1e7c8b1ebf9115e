import { createHash, randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isDiskFull, systemCode } from '../../core/errors.ts';
import type { BuildRecord } from './build-record.ts';

export interface BuildRecords {
  /**
   * Gives the record its number and keeps it; the oldest beyond `keptBuilds` go. Where the disk is full it is not
   * kept: nothing but explanations is made of it.
   */
  add(record: Omit<BuildRecord, 'number' | 'previous'>, projects: readonly string[]): BuildRecord;
  /** A file that does not read as a record is none. */
  read(number: number): BuildRecord | undefined;
  /** Ascending. */
  numbers(): number[];
  /** The last builds of a project, newest first, before a number if one is given. */
  ofProject(projects: readonly string[], before?: number): Iterable<BuildRecord>;
}

const keptBuilds = 200;

/** Opens the records beneath `root`. */
export function openBuildRecords(root: string): BuildRecords {
  const directory = join(root, 'builds');
  const latest = join(directory, 'latest');
  const pathOf = (number: number) => join(directory, `${number}.json`);

  const numbers = () => {
    try {
      return readdirSync(directory)
        .flatMap((name) => /^([1-9][0-9]*)\.json$/.exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  };

  const read = (number: number) => {
    try {
      const record = JSON.parse(readFileSync(pathOf(number), 'utf8')) as BuildRecord;
      return record.schema === 2 && record.number === number ? record : undefined;
    } catch {
      return undefined;
    }
  };

  /** The file that says which build of a project was the last. */
  const latestPath = (project: string) =>
    join(latest, createHash('sha256').update(project).digest('hex').slice(0, 32));

  const lastOf = (projects: readonly string[]) => {
    for (const project of projects) {
      try {
        return Number(readFileSync(latestPath(project), 'utf8'));
      } catch {
        // Never built, or pruned.
      }
    }
    return undefined;
  };

  return {
    read,
    numbers,
    add(given, projects) {
      const previous = lastOf(projects);
      const known = numbers();
      for (let number = (known.at(-1) ?? 0) + 1; ; number++) {
        const record = { ...given, number, ...(previous === undefined ? {} : { previous }) };
        try {
          mkdirSync(latest, { recursive: true, mode: 0o700 });
          if (!createWhole(pathOf(number), JSON.stringify(record))) continue;
          for (const project of projects) replace(latestPath(project), String(number));
        } catch (error) {
          if (!isDiskFull(error)) throw error;
        }
        for (const old of known.slice(0, Math.max(0, known.length + 1 - keptBuilds))) {
          rmSync(pathOf(old), { force: true });
        }
        return record;
      }
    },
    *ofProject(projects, before = Number.POSITIVE_INFINITY) {
      let number = lastOf(projects);
      while (number !== undefined) {
        const record = read(number);
        if (record === undefined) return;
        if (number < before) yield record;
        // Always falling, whatever a file says.
        number = record.previous !== undefined && record.previous < number ? record.previous : undefined;
      }
    },
  };
}

/** Creates a file with all its content at once; false if there is one of that name. */
function createWhole(path: string, content: string): boolean {
  const aside = writeAside(path, content);
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(aside);
  }
}

function replace(path: string, content: string): void {
  renameSync(writeAside(path, content), path);
}

function writeAside(path: string, content: string): string {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(aside, content, { mode: 0o600 });
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  return aside;
}
