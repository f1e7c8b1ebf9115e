import { describe, expect, test } from 'vitest';
import { openOutputTail } from '../../../src/cli/build/output-tail.ts';
import { describeError } from '../../../src/cli/errors/report-error.ts';
import {
  CanceledError,
  DockerfileError,
  HostError,
  IntegrityError,
  StepError,
  UsageError,
} from '../../../src/core/errors.ts';
import { SourceText } from '../../../src/core/source/span.ts';

const plain = { usesColors: false, isDebug: false, output: undefined, columns: undefined };
const source = new SourceText('Dockerfile', 'FROM a\nRUN exit 3\nRUN b \\\n  c\n');

function stepError(start: number, end: number): StepError {
  const error = new StepError('run-failed', 'RUN exited with code 3', { hint: 'look above' });
  error.place = { source, span: { start, end } };
  return error;
}

const rows: [title: string, error: unknown, want: string, exitCode: number][] = [
  [
    'wrong usage',
    new UsageError('unknown-flag', 'unknown option "--tga"', { hint: 'did you mean --tag?' }),
    'error: unknown option "--tga" [unknown-flag]\n  help: did you mean --tag?\n',
    2,
  ],
  [
    'the machine',
    new HostError('no-runtime', 'runc is not installed'),
    'error: runc is not installed [no-runtime]\n',
    1,
  ],
  ['bytes', new IntegrityError('x', 'damaged'), 'error: damaged [x]\n', 1],
  ['the person', new CanceledError(), 'canceled\n', 130],
  [
    'a step in one line',
    stepError(7, 17),
    `Dockerfile:2:1: error: RUN exited with code 3 [run-failed]

     1 | FROM a
     2 | RUN exit 3
       | ^~~~~~~~~~

  help: look above
`,
    1,
  ],
  [
    'a step over several lines',
    stepError(18, 29),
    `Dockerfile:3:1: error: RUN exited with code 3 [run-failed]

     2 | RUN exit 3
>>>  3 | RUN b \\
>>>  4 |   c

  help: look above
`,
    1,
  ],
  [
    'as many errors of a Dockerfile as were found',
    new DockerfileError([
      { code: 'a', severity: 'error', message: 'first' },
      { code: 'b', severity: 'warning', message: 'second' },
    ]),
    'error: first [a]\n\nwarning: second [b]\n',
    1,
  ],
  [
    'the system',
    Object.assign(new Error("EACCES: permission denied, mkdir '/x'"), { code: 'EACCES' }),
    "error: EACCES: permission denied, mkdir '/x' [EACCES]\n",
    1,
  ],
  [
    'control characters of a stranger',
    new HostError('x', 'server said \x1b[2J\x07'),
    'error: server said ␇ [x]\n',
    1,
  ],
];

test.each(rows)('%s', (_title, error, want, exitCode) => {
  expect(describeError(error, plain)).toEqual({ text: want, exitCode });
});

test('a bug is ours: version, stack, 70', () => {
  const { text, exitCode } = describeError(new TypeError('x is not a function'), plain);
  expect(exitCode).toBe(70);
  expect(text).toMatch(
    /^error: this is a bug in strata \S+, please report it\n\nTypeError: x is not a function\n {4}at /,
  );
  expect(describeError('thrown text', plain)).toMatchObject({
    exitCode: 70,
    text: expect.stringContaining('thrown text'),
  });
});

test('--debug shows what is behind an error', () => {
  const error = new HostError('x', 'cannot mount', { cause: new Error('EPERM') });
  expect(describeError(error, plain).text).toBe('error: cannot mount [x]\n');
  expect(describeError(error, { ...plain, isDebug: true }).text).toMatch(
    /cannot mount[\s\S]*caused by: Error: EPERM\n {4}at /,
  );
});

test('colours mark the severity and nothing else', () => {
  const { text } = describeError(stepError(7, 17), { ...plain, usesColors: true });
  expect(text.startsWith('Dockerfile:2:1: \x1b[1;31merror:\x1b[0m RUN exited')).toBe(true);
  expect(text.split('\x1b').length - 1).toBe(2);
});

describe('the output of the failed step', () => {
  const say = (id: string, text: string) =>
    ({ type: 'output', id, stream: 'stdout', chunk: Buffer.from(text), at: 0 }) as const;

  test('stands before the error, the last lines of it', () => {
    const tail = openOutputTail(2);
    tail.handle({ type: 'plan', steps: [{ id: 'a', label: '[2/2] RUN exit 3' }] });
    tail.handle(say('b', 'other\n'));
    tail.handle(say('a', 'one\ntwo\nthr'));
    tail.handle(say('a', 'ee\nfour'));
    tail.handle({ type: 'step', id: 'a', state: 'failed', at: 0 });
    tail.handle({ type: 'step', id: 'b', state: 'canceled', at: 0 });
    const { text } = describeError(stepError(7, 17), { ...plain, output: tail.failed() });
    expect(text).toMatch(
      /^last output of \[2\/2\] RUN exit 3 \(2 lines before it\):\n {2}\| three\n {2}\| four\n\nDockerfile:2:1: error/,
    );
  });

  test('is left out when there was none', () => {
    const tail = openOutputTail(2);
    tail.handle(say('b', 'other\n'));
    tail.handle({ type: 'step', id: 'a', state: 'failed', at: 0 });
    expect(tail.failed()).toBeUndefined();
  });
});
