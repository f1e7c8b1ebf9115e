import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/core/event.ts';
import { SourceText } from '../../src/core/source/span.ts';
import { rawjsonRenderer } from '../../src/progress/rawjson.ts';

const rows: [title: string, event: ProgressEvent, want: object][] = [
  [
    'plan',
    { type: 'plan', steps: [{ id: 'a', label: 'A' }] },
    { type: 'plan', steps: [{ id: 'a', label: 'A' }] },
  ],
  [
    'step',
    { type: 'step', id: 'a', state: 'failed', at: 5, message: 'no' },
    { type: 'step', id: 'a', state: 'failed', at: 5, message: 'no' },
  ],
  [
    'output keeps bytes that are not text',
    { type: 'output', id: 'a', stream: 'stderr', chunk: Uint8Array.of(0xff, 0x0a), at: 5 },
    { type: 'output', id: 'a', stream: 'stderr', data: '/wo=', at: 5 },
  ],
  [
    'warning with its place',
    {
      type: 'warning',
      diagnostic: {
        code: 'c',
        severity: 'warning',
        message: 'm',
        help: 'h',
        source: new SourceText('Dockerfile', 'FROM a\nRUN b\n'),
        span: { start: 11, end: 12 },
      },
    },
    {
      type: 'warning',
      code: 'c',
      severity: 'warning',
      message: 'm',
      help: 'h',
      file: 'Dockerfile',
      line: 2,
      column: 5,
    },
  ],
  ['note', { type: 'note', text: 'x\ny', at: 1 }, { type: 'note', text: 'x\ny', at: 1 }],
];

test.each(rows)('%s', (_title, event, want) => {
  const written: string[] = [];
  const renderer = rawjsonRenderer({ stream: { write: (text) => written.push(text) } });
  renderer.handle(event);
  expect(written.length).toBe(1);
  expect(written[0]).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(written[0] ?? '')).toEqual(want);
});
