import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProgressEvent } from '../../../src/core/event.ts';
import { SourceText } from '../../../src/core/source/span.ts';
import { foldingFromEnvironment } from '../../../src/progress/plain/folding.ts';
import { plainRenderer } from '../../../src/progress/plain/plain.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const t0 = 1_700_000_000_000;

const plan: ProgressEvent = {
  type: 'plan',
  steps: [
    { id: 'build/0', label: '[build 1/2] FROM alpine' },
    { id: 'build/1', label: '[build 2/2] RUN make' },
    { id: 'docs/1', label: '[docs 1/1] RUN doc' },
  ],
};

function step(id: string, state: 'started' | 'cached' | 'done' | 'failed' | 'canceled', ms: number) {
  return { type: 'step', id, state, at: t0 + ms } as const;
}

function say(id: string, text: string, ms: number, stream: 'stdout' | 'stderr' = 'stdout'): ProgressEvent {
  return { type: 'output', id, stream, chunk: Buffer.from(text), at: t0 + ms };
}

function render(events: readonly ProgressEvent[], env: Record<string, string> = {}): string {
  let text = '';
  const stream = { write: (chunk: string) => (text += chunk) };
  const renderer = plainRenderer({ stream, folding: foldingFromEnvironment(env) });
  for (const event of [plan, ...events]) renderer.handle(event);
  renderer.close();
  return text;
}

const rows: [title: string, events: ProgressEvent[], want: string][] = [
  [
    'a step with output, numbered by first appearance',
    [step('build/1', 'started', 0), say('build/1', 'one\ntwo\n', 123), step('build/1', 'done', 1234)],
    '#1 [build 2/2] RUN make\n#1 0.123 one\n#1 0.123 two\n#1 DONE 1.2s\n',
  ],
  [
    'cached steps',
    [step('build/0', 'cached', 0), step('build/1', 'cached', 1)],
    '#1 [build 1/2] FROM alpine\n#1 CACHED\n\n#2 [build 2/2] RUN make\n#2 CACHED\n',
  ],
  [
    'partial lines of both streams are joined and ended',
    [
      step('build/1', 'started', 0),
      say('build/1', 'out', 1),
      say('build/1', 'err', 2, 'stderr'),
      say('build/1', 'put\nrest', 3),
      step('build/1', 'done', 4),
    ],
    '#1 [build 2/2] RUN make\n#1 0.001 output\n#1 0.003 rest\n#1 0.002 err\n#1 DONE 0.0s\n',
  ],
  [
    'a failure says why',
    [step('build/1', 'started', 0), { ...step('build/1', 'failed', 10), message: 'exit code 3' }],
    '#1 [build 2/2] RUN make\n#1 ERROR: exit code 3\n',
  ],
  [
    'canceled',
    [step('build/1', 'started', 0), step('build/1', 'canceled', 10)],
    '#1 [build 2/2] RUN make\n#1 CANCELED\n',
  ],
  ['a step that nobody planned is called by its id', [step('extra', 'cached', 0)], '#1 extra\n#1 CACHED\n'],
  [
    'lines of steps that run at once stay together',
    [
      step('build/1', 'started', 0),
      say('build/1', 'make 1\n', 1),
      step('docs/1', 'started', 2),
      say('build/1', 'make 2\n', 3),
      say('docs/1', 'doc 1\n', 4),
      say('build/1', 'make 3\n', 5),
      step('docs/1', 'done', 6),
      step('build/1', 'done', 7),
    ],
    `#1 [build 2/2] RUN make
#1 0.001 make 1

#2 [docs 1/1] RUN doc
#2 0.002 doc 1
#2 DONE 0.0s

#1 0.003 make 2
#1 0.005 make 3
#1 DONE 0.0s
`,
  ],
  [
    'a transfer speaks at its start, now and then, and at its end',
    [
      step('build/0', 'started', 0),
      { type: 'transfer', id: 'build/0', name: 'sha256:ab', current: 0, total: 3_200_000, at: t0 },
      {
        type: 'transfer',
        id: 'build/0',
        name: 'sha256:ab',
        current: 1_000_000,
        total: 3_200_000,
        at: t0 + 900,
      },
      {
        type: 'transfer',
        id: 'build/0',
        name: 'sha256:ab',
        current: 2_500_000,
        total: 3_200_000,
        at: t0 + 2100,
      },
      {
        type: 'transfer',
        id: 'build/0',
        name: 'sha256:ab',
        current: 3_200_000,
        total: 3_200_000,
        at: t0 + 2200,
        done: true,
      },
      step('build/0', 'done', 2300),
    ],
    `#1 [build 1/2] FROM alpine
#1 sha256:ab 0B / 3.20MB 0.0s
#1 sha256:ab 2.50MB / 3.20MB 1.19MB/s 2.1s
#1 sha256:ab 3.20MB / 3.20MB 1.45MB/s 2.2s done
#1 DONE 2.3s
`,
  ],
  [
    'warnings and notes stand alone',
    [
      {
        type: 'warning',
        diagnostic: {
          code: 'casing',
          severity: 'warning',
          message: 'mixed\x1b[2J case',
          source: new SourceText('Dockerfile', 'from x\n'),
          span: { start: 0, end: 4 },
        },
      },
      { type: 'note', text: 'first\nsecond \x1b[2Jline', at: t0 },
    ],
    `Dockerfile:1:1: warning: mixed case [casing]

     1 | from x
       | ^~~~

first
second line
`,
  ],
  [
    'control characters in labels and output do nothing',
    [
      { type: 'plan', steps: [{ id: 'x', label: 'RUN \x1b[2J<<EOF\nnext' }] },
      step('x', 'started', 0),
      say('x', '\x1b]0;evil\x07\x1b[32mok\n', 0),
      step('x', 'done', 0),
    ],
    '#1 RUN <<EOF next\n#1 0.000 ␛]0;evil␇\x1b[32mok\x1b[0m\n#1 DONE 0.0s\n',
  ],
];

test.each(rows)('%s', (_title, events, want) => {
  expect(render(events)).toBe(want);
});

test('lines that wait for another step come after a moment without any further event', () => {
  let text = '';
  const renderer = plainRenderer({ stream: { write: (chunk: string) => (text += chunk) } });
  renderer.handle(step('a', 'started', 0));
  renderer.handle(step('b', 'started', 0));
  renderer.handle(say('a', 'from a\n', 1));
  expect(text).not.toContain('from a');
  vi.advanceTimersByTime(250);
  expect(text).toMatch(/\n\n#1 0\.001 from a\n$/);
  renderer.close();
});

test('a long output is whole', () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}`);
  const text = render([
    step('build/1', 'started', 0),
    step('docs/1', 'started', 0),
    ...Array.from({ length: 50 }, (_, i) =>
      say('build/1', `${lines.slice(i * 1000, (i + 1) * 1000).join('\n')}\n`, i),
    ),
    step('docs/1', 'done', 60),
    step('build/1', 'done', 60),
  ]);
  const seen = text.split('\n').filter((line) => /^#1 \d+\.\d+ line/.test(line));
  expect(seen.map((line) => line.replace(/^#1 \S+ /, ''))).toEqual(lines);
});

test('GitHub folds what a step said and leaves the verdict visible', () => {
  const events = [
    step('build/0', 'cached', 0),
    step('build/1', 'started', 0),
    say('build/1', 'one\n', 5),
    step('build/1', 'done', 1000),
  ];
  expect(render(events, { GITHUB_ACTIONS: 'true' })).toBe(`#1 [build 1/2] FROM alpine
#1 CACHED

::group::#2 [build 2/2] RUN make
#2 0.005 one
::endgroup::
#2 DONE 1.0s
`);
});

test('GitLab sections are closed when another step speaks and reopened under a new name', () => {
  const events = [
    step('build/1', 'started', 0),
    say('build/1', 'one\n', 5),
    step('docs/1', 'cached', 1000),
    say('build/1', 'two\n', 2000),
    step('build/1', 'done', 3000),
  ];
  const text = render(events, { GITLAB_CI: 'true' });
  expect(text).toBe(
    '\x1b[0Ksection_start:1700000000:step_1\r\x1b[0K#1 [build 2/2] RUN make\n' +
      '#1 0.005 one\n' +
      '\x1b[0Ksection_end:1700000001:step_1\r\x1b[0K\n' +
      '\n#2 [docs 1/1] RUN doc\n#2 CACHED\n' +
      '\n\x1b[0Ksection_start:1700000002:step_2\r\x1b[0K#1 [build 2/2] RUN make (continued)\n' +
      '#1 2.000 two\n' +
      '\x1b[0Ksection_end:1700000003:step_2\r\x1b[0K\n' +
      '#1 DONE 3.0s\n',
  );
});
