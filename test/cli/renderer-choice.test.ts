import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { CliIO } from '../../src/cli/io.ts';
import { openRenderer } from '../../src/cli/renderer-choice.ts';

interface Case {
  readonly flags?: { readonly progress?: string; readonly quiet?: boolean };
  /** Undefined: standard error is no terminal. */
  readonly columns?: number;
  readonly env?: Record<string, string>;
}

/** Everything a renderer of the case's choice writes for one note. */
function written({ flags = {}, columns, env = {} }: Case): string {
  const stream = new PassThrough();
  const stderr = columns === undefined ? stream : Object.assign(stream, { isTTY: true, columns, rows: 24 });
  const io: CliIO = { stdin: new PassThrough(), stdout: new PassThrough(), stderr, env };
  const { renderer, isLive } = openRenderer(flags, io);
  renderer.handle({ type: 'note', text: 'a note', at: 0 });
  renderer.handle({ type: 'step', id: 'step', state: 'cached', at: 0 });
  return `${isLive ? 'live' : 'log'} ${JSON.stringify(String(stream.read() ?? ''))}`;
}

const live = /^live "a note\\n.* => step +cached/;
const log = 'log "a note\\n\\n#1 step\\n#1 CACHED\\n"';
const nothing = 'live ""';

const rows: [title: string, given: Case, want: string | RegExp][] = [
  ['a log where there is no terminal', {}, log],
  ['live on a terminal', { columns: 80 }, live],
  ['a log on a terminal without a width, as CI services have', { columns: 0 }, log],
  ['a log on a dumb terminal', { columns: 80, env: { TERM: 'dumb' } }, log],
  ['a log when asked for', { columns: 80, flags: { progress: 'plain' } }, log],
  ['as the environment says', { columns: 80, env: { BUILDKIT_PROGRESS: 'plain' } }, log],
  [
    'the flag before the environment',
    { columns: 80, flags: { progress: 'auto' }, env: { BUILDKIT_PROGRESS: 'plain' } },
    live,
  ],
  ['nothing', { flags: { progress: 'none' } }, nothing],
  ['nothing when quiet', { flags: { quiet: true }, columns: 80 }, nothing],
  ['JSON', { flags: { progress: 'rawjson' } }, /^log "\{\\"type\\":\\"note\\",\\"text\\":\\"a note\\"/],
];
test.each(rows)('%s', (_title, given, want) => {
  if (typeof want === 'string') expect(written(given)).toBe(want);
  else expect(written(given)).toMatch(want);
});

const wrong: [title: string, given: Case, code: string][] = [
  ['a mode nobody knows', { flags: { progress: 'plian' } }, 'bad-flag-value'],
  ['a log size that is none', { env: { BUILDKIT_STEP_LOG_MAX_SIZE: '2MiB' } }, 'bad-log-size'],
  ['live without a terminal', { flags: { progress: 'tty' } }, 'no-terminal'],
  ['quiet and a log', { flags: { progress: 'plain', quiet: true } }, 'conflicting-flags'],
];
test.each(wrong)('%s is refused', (_title, given, code) => {
  expect(() => written(given)).toThrow(expect.objectContaining({ code }));
});
