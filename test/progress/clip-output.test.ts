import { expect, test } from 'vitest';
import { clipOutput } from '../../src/progress/clip-output.ts';
import { plainRenderer } from '../../src/progress/plain/plain.ts';

/** The log of one step that prints `chunks`, of which 10 bytes are shown, and of another that prints one line. */
function logOf(chunks: readonly string[]): string[] {
  let log = '';
  const renderer = clipOutput(plainRenderer({ stream: { write: (text) => (log += text) } }), 10);
  const step = (id: string, state: 'started' | 'done') => renderer.handle({ type: 'step', id, state, at: 0 });
  const print = (id: string, text: string) =>
    renderer.handle({ type: 'output', id, stream: 'stdout', chunk: Buffer.from(text), at: 0 });
  step('a', 'started');
  for (const text of chunks) print('a', text);
  step('a', 'done');
  step('b', 'started');
  print('b', 'other\n');
  step('b', 'done');
  void renderer.close();
  return log.split('\n').flatMap((line) => /^#\d+ 0\.000 (.*)$/.exec(line)?.[1] ?? []);
}

const clippedHere = '[output clipped: the log takes 10B of a step]';

test.each<[title: string, chunks: string[], want: string[]]>([
  ['less than the limit', ['12345678\n'], ['12345678']],
  ['as much as the limit', ['1234', '56789\n'], ['123456789']],
  [
    'more, in the middle of a line',
    ['12345678901234\n'],
    ['1234567890', clippedHere, '[output clipped: 5B left out]'],
  ],
  [
    'more, behind a line',
    ['123456789\n', 'next\n', 'more\n'],
    ['123456789', clippedHere, '[output clipped: 10B left out]'],
  ],
])('%s', (_title, chunks, want) => expect(logOf(chunks)).toEqual([...want, 'other']));
