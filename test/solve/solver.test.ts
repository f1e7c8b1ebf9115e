import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStepCache } from '../../src/cache/step-cache.ts';
import type { ProgressEvent } from '../../src/core/event.ts';
import { Limiter } from '../../src/core/limiter.ts';
import { SourceText } from '../../src/core/source/span.ts';
import type { Op, Vertex, VertexID } from '../../src/plan/vertex.ts';
import type { OpRunner } from '../../src/solve/op-runner.ts';
import type { SolverServices } from '../../src/solve/services.ts';
import { createSolver } from '../../src/solve/solver.ts';

let root: string;
let lost: Set<string>;
let made: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-solver-'));
  lost = new Set();
  made = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** `name: inputs` where the first input is the filesystem below; `-` is scratch. A toy step is an mkdir of its name. */
type Toy = {
  readonly on?: string;
  readonly from?: string;
  readonly text?: string;
  readonly noCache?: boolean;
  readonly isLink?: boolean;
};

function vertexOf(id: string, toy: Toy): Vertex {
  const inputs: (VertexID | undefined)[] = [toy.on];
  if (toy.from !== undefined) inputs.push(toy.from);
  const op: Op = toy.isLink
    ? {
        kind: 'copy',
        instruction: 'COPY',
        origin: { kind: 'empty' },
        sources: [toy.text ?? id],
        heredocs: [],
        dest: '/',
        isLink: true,
        keepsParents: false,
        excludes: [],
      }
    : { kind: 'mkdir', path: toy.text ?? id, owner: '' };
  const span = { start: 0, end: 0 };
  return { id, op, inputs, label: id, stage: 's', span, ignoresCache: toy.noCache ?? false };
}

interface Outcome {
  readonly ran: string[];
  readonly states: string[];
  readonly stack: readonly string[];
}

async function build(
  toys: Readonly<Record<string, Toy>>,
  options: { fails?: string; contentOf?: (stack: readonly string[]) => string; target?: string } = {},
): Promise<Outcome> {
  const vertices = new Map(Object.entries(toys).map(([id, toy]) => [id, vertexOf(id, toy)]));
  const ran: string[] = [];
  const states: string[] = [];
  const contentOf = options.contentOf ?? ((stack) => stack.join('+'));
  const runner: OpRunner<Op> = {
    async recipe(vertex, context) {
      const { op } = vertex;
      const text = op.kind === 'mkdir' ? op.path : op.kind === 'copy' ? (op.sources[0] ?? '') : '';
      const parts: [string, string][] = [['text', text]];
      const source = vertex.inputs[1];
      if (source !== undefined) {
        const stack = await context.filesystem(source);
        if (stack === undefined) return undefined;
        parts.push(['content', contentOf(stack)]);
      }
      return { kind: op.kind, parts };
    },
    async prepare(vertex) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      states.push(`${vertex.id} prepared`);
      return async () => {
        if (options.fails === vertex.id) throw new Error(`${vertex.id} fails`);
        ran.push(vertex.id);
        return `${vertex.id}${made++}`;
      };
    },
  };
  const services: SolverServices = {
    vertices,
    steps: openStepCache(root),
    imported: () => [],
    isAvailable: (snapshot) => !lost.has(snapshot),
    base: () => ({ identity: 'base', digest: `sha256:${'0'.repeat(64)}`, snapshots: ['base'] }),
    runner: () => runner,
    onResult: () => {},
    source: new SourceText('Dockerfile', ''),
    ranHere: new Set(),
    limiter: new Limiter(4),
    emit: (event: ProgressEvent) => {
      if (event.type === 'step') states.push(`${event.id} ${event.state}`);
    },
    signal: new AbortController().signal,
    now: () => 1,
  };
  const target = options.target ?? [...vertices.keys()].at(-1) ?? '';
  const solver = createSolver(services);
  const { stack } = await solver.solve(target);
  await solver.finish();
  return { ran, states, stack: stack.map((layer) => layer.snapshot) };
}

const chain = { a: {}, b: { on: 'a' }, c: { on: 'b' } };

describe('a chain', () => {
  test('runs once, then is answered by the record of its last step alone', async () => {
    const first = await build(chain);
    expect(first.ran).toEqual(['a', 'b', 'c']);
    const second = await build(chain);
    expect(second.ran).toEqual([]);
    expect(second.states).toEqual(['a cached', 'b cached', 'c cached']);
    expect(second.stack).toEqual(first.stack);
  });

  test('begins each step when what it stands on is ready', async () => {
    const { states } = await build({ a: {}, b: { on: 'a' } });
    const life = (id: string) => [`${id} prepared`, `${id} started`, `${id} done`];
    expect(states).toEqual([...life('a'), ...life('b')]);
  });

  test('reruns exactly from the step that changed on', async () => {
    const first = await build(chain);
    const changed = await build({ ...chain, b: { on: 'a', text: 'other' } });
    expect(changed.ran).toEqual(['b', 'c']);
    expect(changed.stack[0]).toBe(first.stack[0]);
    expect((await build(chain)).ran).toEqual([]);
  });

  test('runs again when a snapshot below is lost, and everything above it with it', async () => {
    const first = await build(chain);
    lost.add(first.stack[1] ?? '');
    expect((await build(chain)).ran).toEqual(['b', 'c']);
  });

  test('a parent that ran again invalidates its children even under equal keys', async () => {
    await build(chain);
    const again = await build({ ...chain, b: { on: 'a', noCache: true } });
    expect(again.ran).toEqual(['b', 'c']);
    expect((await build(chain)).stack).toEqual(again.stack);
  });

  test('a failing step fails the build and leaves the steps before it recorded', async () => {
    await expect(build(chain, { fails: 'c' })).rejects.toThrow('c fails');
    expect((await build(chain)).ran).toEqual(['c']);
  });
});

describe('several stages', () => {
  const stages = { a: {}, b: { on: 'a' }, x: {}, y: { on: 'x', from: 'b' } };

  test('a rebuilt source with equal content does not rerun the copy', async () => {
    const contentOf = () => 'same';
    expect((await build(stages, { contentOf })).ran.sort()).toEqual(['a', 'b', 'x', 'y']);
    const changed = await build({ ...stages, a: { text: 'other' } }, { contentOf });
    expect(changed.ran).toEqual(['a', 'b']);
  });

  test('a source whose content changed reruns the copy and nothing else', async () => {
    await build(stages);
    const changed = await build({ ...stages, b: { on: 'a', text: 'other' } });
    expect(changed.ran).toEqual(['b', 'y']);
  });

  test('what the target does not need is never run', async () => {
    expect((await build(stages, { target: 'x' })).ran).toEqual(['x']);
  });
});

describe('a linked copy', () => {
  test('is stacked on a changed base without running', async () => {
    const linked = { a: {}, l: { on: 'a', isLink: true } };
    const first = await build(linked);
    const moved = await build({ ...linked, a: { text: 'other' } });
    expect(moved.ran).toEqual(['a']);
    expect(moved.stack[1]).toBe(first.stack[1]);
    expect(moved.stack[0]).not.toBe(first.stack[0]);
  });

  test('changes the key of what stands on it when its base changes', async () => {
    const linked = { a: {}, l: { on: 'a', isLink: true }, r: { on: 'l' } };
    await build(linked);
    expect((await build({ ...linked, a: { text: 'other' } })).ran).toEqual(['a', 'r']);
  });
});

test('builds that start together run each step once', async () => {
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => build(chain)));
  expect(outcomes.flatMap((outcome) => outcome.ran).sort()).toEqual(['a', 'b', 'c']);
  expect(new Set(outcomes.map((outcome) => outcome.stack.join())).size).toBe(1);
});

test('a record that is not one is no record', async () => {
  const { writeFileSync, readdirSync } = await import('node:fs');
  await build(chain);
  for (const name of readdirSync(join(root, 'steps'))) writeFileSync(join(root, 'steps', name), '{"key":');
  expect((await build(chain)).ran).toEqual(['a', 'b', 'c']);
});
