import { expect, test } from 'vitest';
import { parseTrigger } from '../../src/dockerfile/parse/trigger.ts';

test.each([
  ['RUN make', ['RUN make'], []],
  ['COPY --from=x a b', ['COPY --from=x a b'], []],
  ['RUN <<EOF\na\nEOF', ['RUN <<EOF'], []],
  ['RUN a `', ['RUN a `'], []],
  ['RUN a \\\n b', ['RUN a  b'], []],
  ['RUN a\nRUN b', ['RUN a', 'RUN b'], []],
  ['NONSENSE x', [], ['unknown-instruction']],
  ['COPY a', [], ['missing-destination']],
  ['RUN <<EOF\na', ['RUN <<EOF'], ['unterminated-heredoc']],
  ['FROM a', [], ['onbuild-trigger']],
  ['', [], []],
])('%s', (text, instructions, codes) => {
  const parsed = parseTrigger(text);
  expect(parsed.instructions.map((instruction) => instruction.text)).toEqual(instructions);
  expect(parsed.diagnostics.map(({ code }) => code)).toEqual(codes);
});
