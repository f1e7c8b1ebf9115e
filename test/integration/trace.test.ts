import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

interface TraceEvent {
  readonly ph: 'X' | 'M';
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

const dockerfile = `# syntax=docker/dockerfile:1
FROM strata-base/busybox AS other
RUN echo other > /other

FROM strata-base/busybox
COPY file /file
RUN cat /file > /copy
COPY --from=other /other /other
`;

describeBuilds(sandboxNeeds, 'a build that is watched', (site) => {
  let events: TraceEvent[];
  let table: string;
  beforeAll(async () => {
    await site.makeBusyboxBase();
    const context = site.files('app', { Dockerfile: dockerfile, file: 'content\n' });
    const output = `type=oci,dest=${site.path('image.tar')}`;
    const args = ['-D', 'build', '--trace', site.path('trace.json'), '--output', output, context];
    table = (await site.strata(args)).stderr;
    events = (JSON.parse(readFileSync(site.path('trace.json'), 'utf8')) as { traceEvents: TraceEvent[] })
      .traceEvents;
  });
  const whole = () => events.filter(({ ph }) => ph === 'X');

  test('names the frontend that the Dockerfile asks for, which is not loaded; nobody else hears of it', async () => {
    const note = 'the frontend "docker/dockerfile:1" is not loaded';
    expect(table).toContain(note);
    const output = `type=oci,dest=${site.path('again.tar')}`;
    const { code, stderr } = await site.strata(['build', '--output', output, site.path('app')]);
    expect(code).toBe(0);
    expect(stderr).not.toContain(note);
  });

  test('says when each phase of each step began and how long it took', () => {
    const threads = new Map(
      events.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args?.name]),
    );
    const phasesOf = (label: string) =>
      whole()
        .filter(({ tid }) => threads.get(tid) === label)
        .map(({ name }) => name);
    expect(phasesOf('[stage-1 3/4] RUN cat /file > /copy')).toEqual(
      expect.arrayContaining([
        'key',
        'wait for lock',
        'step exec',
        'prepare',
        'mount',
        'bundle',
        'container',
        'unmount',
        'commit',
        'record step',
      ]),
    );
    expect(phasesOf('layers')).toEqual(
      expect.arrayContaining(['layer', 'read and hash', 'flush blob', 'record layer']),
    );
    expect(phasesOf('build')).toEqual(expect.arrayContaining(['start', 'plan', 'solve', 'close']));
  });

  test('has the phases of one thread inside of each other or apart', () => {
    for (const tid of new Set(whole().map((event) => event.tid))) {
      const open: number[] = [];
      for (const { name, ts, dur } of whole().filter((event) => event.tid === tid)) {
        while ((open.at(-1) ?? Infinity) <= ts) open.pop();
        expect(ts + dur, name).toBeLessThanOrEqual(open.at(-1) ?? Infinity);
        open.push(ts + dur);
      }
    }
  });

  test('tells most of the build', () => {
    const threads = new Map(
      events.filter(({ name }) => name === 'thread_name').map(({ args, tid }) => [args?.name, tid]),
    );
    const own = whole().filter(({ tid }) => tid === threads.get('build'));
    const end = Math.max(...own.map(({ ts, dur }) => ts + dur));
    let told = 0;
    let until = 0;
    for (const { ts, dur } of own) {
      told += Math.max(0, ts + dur - Math.max(ts, until));
      until = Math.max(until, ts + dur);
    }
    expect(told / end).toBeGreaterThan(0.5);
  });

  test('prints a table under --debug', () => {
    expect(table).toMatch(/^phase +times +total ms +longest ms\n/m);
    expect(table).toMatch(/^container +2 +\d+\.\d +\d+\.\d$/m);
  });

  test('does not begin when the file cannot be written', async () => {
    const missing = site.path('no/trace.json');
    const { code, stderr } = await site.strata(['build', '--trace', missing, site.path('app')]);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot write the trace');
    expect(existsSync(missing)).toBe(false);
  });
});
