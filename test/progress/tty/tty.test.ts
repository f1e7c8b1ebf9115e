import { clearLine, cursorTo, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../../src/core/event.ts';
import { ttyRenderer } from '../../../src/progress/tty/tty.ts';

/** What a person sees: a screen that knows the few sequences a live view needs, and no line wrapping. */
class Screen {
  readonly lines: string[] = [''];
  #row = 0;
  #column = 0;

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's language
    for (const [token] of text.matchAll(/\x1b\[[0-9;?]*[A-Za-z]|[\s\S]/gu)) this.#take(token);
  }

  #take(token: string): void {
    const count = Number(/\d+/.exec(token)?.[0] ?? 1);
    if (token === '\n') {
      this.#row++;
      this.#column = 0;
      this.lines[this.#row] ??= '';
    } else if (token.length === 1 || !token.startsWith('\x1b')) {
      const line = [...(this.lines[this.#row] ?? '').padEnd(this.#column)];
      line[this.#column++] = token;
      this.lines[this.#row] = line.join('');
    } else if (token.endsWith('A')) this.#row -= count;
    else if (token.endsWith('G')) this.#column = count - 1;
    else if (token.endsWith('K'))
      this.lines[this.#row] = [...(this.lines[this.#row] ?? '')].slice(0, this.#column).join('');
    else if (!/[mhl]$/.test(token)) throw new Error(`unexpected sequence ${JSON.stringify(token)}`);
  }
}

/** A terminal of 80 by 24. */
function openTerminal(): { stream: NodeJS.WriteStream; screen: Screen; widest(): number } {
  const screen = new Screen();
  let widest = 0;
  const sink = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      screen.write(String(chunk));
      widest = Math.max(widest, ...screen.lines.map((line) => line.length));
      done();
    },
  });
  const stream = Object.assign(sink, {
    isTTY: true,
    columns: 80,
    rows: 24,
    cursorTo: (x: number) => cursorTo(sink, x),
    clearLine: (direction: -1 | 0 | 1) => clearLine(sink, direction),
    moveCursor: (dx: number, dy: number) => moveCursor(sink, dx, dy),
  }) as unknown as NodeJS.WriteStream;
  return { stream, screen, widest: () => widest };
}

const t0 = 1_700_000_000_000;

test('running steps are shown live, finished ones stay, and nothing else is left', async () => {
  const { stream, screen, widest } = openTerminal();
  const renderer = ttyRenderer({ stream, usesColors: false, now: () => t0 + 3200 });
  const steps = [
    { id: 'a', label: '[build 1/2] FROM alpine' },
    { id: 'b', label: `[build 2/2] RUN ${'make '.repeat(40)}` },
  ];
  const events: ProgressEvent[] = [
    { type: 'plan', steps },
    { type: 'step', id: 'a', state: 'cached', at: t0 },
    { type: 'step', id: 'b', state: 'started', at: t0 },
    {
      type: 'output',
      id: 'b',
      stream: 'stdout',
      chunk: Buffer.from(`\x1b[2Jgcc ${'-O2 '.repeat(40)}\n`),
      at: t0,
    },
  ];
  for (const event of events) renderer.handle(event);
  await expect
    .poll(() => screen.lines.join('\n'))
    .toMatch(/building 3\.2s \(1\/2\)\n => \[build 2\/2\] RUN make .*… 3\.2s\n {3}gcc -O2/);
  renderer.handle({ type: 'note', text: 'aside', at: t0 + 100 });
  renderer.handle({ type: 'step', id: 'b', state: 'failed', at: t0 + 100, message: 'exit code 2' });
  await sleep(100);
  await renderer.close();
  const left = screen.lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  expect(left).toEqual([
    expect.stringMatching(/^ => \[build 1\/2\] FROM alpine +cached$/),
    'aside',
    expect.stringMatching(/^ => \[build 2\/2\] RUN make .*… failed$/),
  ]);
  expect(widest()).toBeLessThan(80);
});

test('a build that runs nothing never loads the spinner', async () => {
  const { stream, screen } = openTerminal();
  const renderer = ttyRenderer({ stream, usesColors: true, now: () => t0 });
  renderer.handle({ type: 'step', id: 'a', state: 'cached', at: t0 });
  await renderer.close();
  expect(screen.lines.map((line) => line.trimEnd())).toEqual([expect.stringMatching(/^ => a +cached$/), '']);
});
