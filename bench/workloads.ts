import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { baseName } from './builders/builder.ts';
import { Text } from './text.ts';

export interface Sizes {
  readonly runs: number;
  readonly files: number;
  readonly filesBytes: number;
  readonly bigBytes: number;
  readonly baseBytes: number;
  readonly stages: number;
  readonly builds: number;
}

/** What is timed of a workload, in this order. */
export interface Phase {
  /** `cold`: nothing but the base is there. `cached`: at once again. `changed`: again, one byte changed. */
  readonly kind: 'cold' | 'cached' | 'changed';
  /** What strata may take at most, in parts of what BuildKit takes. */
  readonly bar: number;
  /** Called before every build of the phase. */
  prepare?(): void;
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  /** Built at the same time. */
  readonly contexts: readonly string[];
  readonly phases: readonly Phase[];
}

interface Recipe {
  readonly name: string;
  readonly what: (sizes: Sizes) => string;
  readonly isOfBigBase?: true;
  /** Writes the contexts beneath a directory and says what is timed. */
  make(place: Place): { readonly contexts: readonly string[]; readonly phases: readonly Phase[] };
}

interface Place {
  readonly sizes: Sizes;
  /** The reference of the base that has to be pulled. */
  readonly bigBase: string;
  context(name: string, dockerfile: readonly string[]): string;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const fromBusybox = `FROM ${baseName}`;

const recipes: readonly Recipe[] = [
  {
    name: 'small',
    what: () => '3 RUN, 1 COPY',
    make: ({ context }) => ({
      contexts: [smallContext(context, 'small')],
      phases: [
        { kind: 'cold', bar: 0.5 },
        { kind: 'cached', bar: 0.7 },
      ],
    }),
  },
  {
    name: 'runs',
    what: ({ runs }) => `${runs} RUN echo`,
    make({ sizes, context }) {
      const steps = Array.from({ length: sizes.runs }, (_, index) => `RUN echo ${index} > /step-${index}`);
      return {
        contexts: [context('runs', [fromBusybox, ...steps])],
        phases: [
          { kind: 'cold', bar: 0.5 },
          { kind: 'cached', bar: 0.7 },
        ],
      };
    },
  },
  {
    name: 'files',
    what: ({ files, filesBytes }) => `COPY of ${files} files (${megabytes(filesBytes)}), 1 RUN`,
    make({ sizes, context }) {
      const dir = context('files', [
        fromBusybox,
        'COPY tree /tree',
        'RUN find /tree -type f | wc -l > /count',
      ]);
      const touched = writeFiles(dir, sizes);
      let changes = 0;
      return {
        contexts: [dir],
        phases: [
          { kind: 'cold', bar: 0.2 },
          { kind: 'cached', bar: 0.25 },
          { kind: 'changed', bar: 0.25, prepare: () => changeByte(touched, changes++) },
        ],
      };
    },
  },
  {
    name: 'big',
    what: ({ bigBytes }) => `COPY of one ${megabytes(bigBytes)} file, RUN that copies it`,
    make({ sizes, context }) {
      const dir = context('big', [fromBusybox, 'COPY big /big', 'RUN cp /big /copy']);
      const text = new Text(2);
      const target = openSync(join(dir, 'big'), 'w');
      for (let left = sizes.bigBytes; left > 0; left -= 1 << 20)
        writeSync(target, text.take(Math.min(left, 1 << 20)));
      closeSync(target);
      return {
        contexts: [dir],
        phases: [
          { kind: 'cold', bar: 0.2 },
          { kind: 'cached', bar: 0.25 },
        ],
      };
    },
  },
  {
    name: 'pull',
    what: ({ baseBytes }) => `${megabytes(baseBytes)} base pulled from loopback, 1 RUN`,
    isOfBigBase: true,
    make: ({ bigBase, context }) => ({
      contexts: [context('pull', [`FROM ${bigBase}`, 'RUN /bin/busybox ls /usr/share > /names'])],
      phases: [{ kind: 'cold', bar: 0.5 }],
    }),
  },
  {
    name: 'base',
    what: ({ baseBytes }) => `${megabytes(baseBytes)} base pulled from loopback, COPY and CMD, no RUN`,
    isOfBigBase: true,
    make({ bigBase, context }) {
      const dir = context('base', [`FROM ${bigBase}`, 'COPY app /app', 'CMD ["/app"]']);
      writeFileSync(join(dir, 'app'), 'an app\n');
      return { contexts: [dir], phases: [{ kind: 'cold', bar: 0.25 }] };
    },
  },
  {
    name: 'stages',
    what: ({ stages }) => `${stages} independent stages, one that copies from all`,
    make({ sizes, context }) {
      const names = Array.from({ length: sizes.stages }, (_, index) => `stage-${index}`);
      const stages = names.flatMap((name, index) => [
        `${fromBusybox} AS ${name}`,
        `RUN seq ${index} 400000 > /numbers`,
        `RUN sort /numbers > /out-${index}`,
      ]);
      const copies = names.map((name, index) => `COPY --from=${name} /out-${index} /out-${index}`);
      return {
        contexts: [context('stages', [...stages, fromBusybox, ...copies, 'RUN ls -l / > /list'])],
        phases: [{ kind: 'cold', bar: 0.7 }],
      };
    },
  },
  {
    name: 'many',
    what: ({ builds }) => `${builds} different small builds at once`,
    make: ({ sizes, context }) => ({
      contexts: Array.from({ length: sizes.builds }, (_, index) => smallContext(context, `many-${index}`)),
      phases: [{ kind: 'cold', bar: 0.7 }],
    }),
  },
];

export const workloadNames: readonly string[] = recipes.map(({ name }) => name);

/** Whether any of these workloads stands on the base that is pulled. */
export function needBigBase(names: readonly string[]): boolean {
  return recipes.some(({ name, isOfBigBase }) => isOfBigBase === true && names.includes(name));
}

/**
 * Writes the contexts of the named workloads beneath `dir`. The same sizes give the same bytes on every machine.
 * @param bigBase reference of the base to pull; workloads that need it are left out when there is none
 */
export function makeWorkloads(
  dir: string,
  sizes: Sizes,
  names: readonly string[],
  bigBase: string | undefined,
): Workload[] {
  const context = (name: string, dockerfile: readonly string[]): string => {
    mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, name, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    return join(dir, name);
  };
  return recipes
    .filter(
      ({ name, isOfBigBase }) => names.includes(name) && (isOfBigBase !== true || bigBase !== undefined),
    )
    .map(({ name, what, make }) => ({
      name,
      what: what(sizes),
      ...make({ sizes, bigBase: bigBase ?? '', context }),
    }));
}

/** Its words differ with the name: no two of them have a step in common. */
function smallContext(context: Place['context'], name: string): string {
  const dir = context(name, [
    fromBusybox,
    `RUN echo ${name} one > /one`,
    'COPY app /app',
    'RUN cat /app/* > /two',
    'RUN rm /one && echo three > /three',
  ]);
  mkdirSync(join(dir, 'app'), { recursive: true });
  for (const letter of ['a', 'b', 'c']) writeFileSync(join(dir, 'app', letter), `${letter} of ${name}\n`);
  return dir;
}

/** @returns the path of one of the files */
function writeFiles(dir: string, { files, filesBytes }: Sizes): string {
  const text = new Text(1);
  const meanBytes = filesBytes / files;
  let last = '';
  for (let index = 0; index < files; index++) {
    const folder = join(dir, 'tree', `${index % 20}`, `${Math.floor(index / 20) % 50}`);
    mkdirSync(folder, { recursive: true });
    // Sizes vary as those of source files do: most are small, a few are ten times the mean.
    const bytes = Math.round(meanBytes * (index % 10 === 0 ? 5.5 : 0.5));
    last = join(folder, `file-${index}.txt`);
    writeFileSync(last, text.take(bytes));
  }
  return last;
}

function changeByte(path: string, value: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([value & 255]), 0, 1, 0);
  closeSync(file);
}
