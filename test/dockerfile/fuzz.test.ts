import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceText } from '../../src/core/source/span.ts';
import { parseMount } from '../../src/dockerfile/parse/parse-mount.ts';
import { parseTrigger } from '../../src/dockerfile/parse/trigger.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { printTree } from '../../src/dockerfile/print-tree.ts';
import { decodeDockerfile } from '../../src/dockerfile/text/decode.ts';
import { expandFields, expandWord } from '../../src/dockerfile/words/expand.ts';
import { variablePlace } from '../../src/dockerfile/words/variable-place.ts';

// A failure prints its seed; FUZZ_SEED=… runs it again.
const seed = Number(process.env.FUZZ_SEED ?? 20_260_401);
console.log(`fuzz seed ${seed}`);
const options = { seed, numRuns: 1500 };

const folder = new URL('../../fixtures/dockerfiles/', import.meta.url);
const corpus = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => readFileSync(new URL(`${entry.name}/Dockerfile`, folder)));

/** Pieces of the language, so that mutations hit rules and not only the "unknown instruction" path. */
const tokens = fc.constantFrom(
  ...[
    '\n',
    '\r\n',
    '\\\n',
    '`\n',
    ' ',
    '\t',
    '#',
    '# escape=`\n',
    '# check=skip=all\n',
    '<<EOF',
    '<<-"E F"',
    'EOF',
  ],
  ...[
    '--',
    '--from=',
    '--mount=',
    '=',
    ',',
    '"',
    "'",
    '$',
    `\${`,
    '}',
    `\${a:-`,
    '\\',
    '`',
    '[',
    ']',
    '["a"]',
    '[1]',
  ],
  ...[
    'FROM ',
    'RUN ',
    'COPY ',
    'ENV ',
    'ONBUILD ',
    'HEALTHCHECK CMD ',
    'AS ',
    '\u00a0',
    '\ufeff',
    '\u{1f600}',
    '\0',
  ],
);

const mutated = fc
  .record({
    base: fc.constantFrom(...corpus),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.oneof(tokens, fc.string())), { maxLength: 8 }),
  })
  .map(({ base, edits }) => {
    let text = decodeDockerfile(base);
    for (const [at, count, piece] of edits) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + piece + text.slice(start + count);
    }
    return text;
  });

function spansOf(value: unknown): { start: number; end: number }[] {
  if (Array.isArray(value)) return value.flatMap(spansOf);
  if (typeof value !== 'object' || value === null || value instanceof SourceText) return [];
  const inner = Object.values(value).flatMap(spansOf);
  return 'start' in value && 'end' in value
    ? [{ start: Number(value.start), end: Number(value.end) }, ...inner]
    : inner;
}

function checkParse(text: string): void {
  const source = new SourceText('Dockerfile', text);
  const { dockerfile, diagnostics } = parseDockerfile(source);
  for (const { start, end } of spansOf([dockerfile, diagnostics])) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(end).toBeLessThanOrEqual(text.length);
  }
  expect(dockerfile !== undefined || diagnostics.length > 0).toBe(true);
  expect(diagnostics.length).toBeLessThanOrEqual(20);
  if (dockerfile !== undefined) printTree(dockerfile);
}

describe('the parser takes anything', () => {
  test('bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
      checkParse(decodeDockerfile(bytes)),
    );
    fc.assert(property, options);
  });

  test('tokens in any order', () => {
    const text = fc.array(tokens, { maxLength: 60 }).map((parts) => `FROM scratch\n${parts.join('')}`);
    fc.assert(fc.property(text, checkParse), options);
  });

  test('mutations of the fixtures', () => {
    fc.assert(fc.property(mutated, checkParse), options);
  });

  test('triggers', () => {
    const text = fc.array(tokens, { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (trigger) => {
        const { instructions, diagnostics } = parseTrigger(trigger);
        for (const { start, end } of spansOf([instructions, diagnostics])) {
          expect([start, end].every((at) => at >= 0 && at <= trigger.length)).toBe(true);
        }
        expect(diagnostics.length).toBeLessThanOrEqual(20);
      }),
      options,
    );
  });

  test.each([
    ['a line of escapes', '\\'.repeat(60_000)],
    ['blanks in a directive', `# escape=x${' '.repeat(60_000)}y\n`],
    ['nested substitutions in a heredoc line', `FROM a\nRUN <<EOF ${`\${a:-`.repeat(12_000)}\nEOF\n`],
    ['open brackets', `FROM a\nCMD ${'['.repeat(60_000)}\n`],
    ['many lines', 'ENV a=b\n'.repeat(20_000)],
    ['many continuations', `FROM a\nRUN x${' \\\n y'.repeat(20_000)}\n`],
    ['many words over many lines', `FROM a\nENV ${'a=b \\\n'.repeat(20_000)} c=d\n`],
    ['many heredocs', `FROM a\nRUN ${'<<A '.repeat(5000)}\n${'A\n'.repeat(5000)}`],
  ])('%s', (_title, text) => checkParse(text));
});

describe('what is read later takes anything too', () => {
  const text = fc
    .array(fc.oneof(tokens, fc.string({ maxLength: 5 })), { maxLength: 20 })
    .map((parts) => parts.join(''));
  const lookup = (name: string) => (name === 'a' ? 'x y' : undefined);

  test('words', () => {
    const property = fc.property(text, fc.constantFrom('\\' as const, '`' as const), (raw, escapeChar) => {
      for (const expansion of [expandWord(raw, lookup, escapeChar), expandFields(raw, lookup, escapeChar)])
        if (!expansion.ok) expect(expansion.offset).toBeLessThanOrEqual(raw.length);
    });
    fc.assert(property, options);
  });

  test('a word without quotes, escapes and variables stays as it is', () => {
    const plain = fc.string().filter((raw) => !/["'\\$`]/.test(raw));
    fc.assert(
      fc.property(plain, (raw) => {
        expect(expandWord(raw, lookup, '\\')).toEqual({ ok: true, value: raw, unset: [] });
      }),
      options,
    );
  });

  test('a single-quoted word is what stands between the quotes', () => {
    const quotable = fc.string().filter((raw) => !raw.includes("'"));
    fc.assert(
      fc.property(quotable, (raw) => {
        expect(expandWord(`'${raw}'`, lookup, '\\')).toMatchObject({ ok: true, value: raw });
      }),
      options,
    );
  });

  test('places of variables', () => {
    const property = fc.property(text, (raw) => {
      const { dockerfile } = parseDockerfile(new SourceText('Dockerfile', `FROM scratch\nUSER ${raw}\n`));
      const word = {
        raw,
        span: { start: 'FROM scratch\nUSER '.length, end: 'FROM scratch\nUSER '.length + raw.length },
      };
      if (dockerfile === undefined) return;
      const { start, end } = variablePlace(dockerfile, word, 'a');
      expect(start).toBeGreaterThanOrEqual(word.span.start);
      expect(end).toBeLessThanOrEqual(word.span.end);
    });
    fc.assert(property, { ...options, numRuns: 500 });
  });

  test('mount options', () => {
    const option = fc.tuple(
      fc.constantFrom(
        'type',
        'target',
        'src',
        'from',
        'id',
        'rw',
        'ro',
        'size',
        'mode',
        'uid',
        'required',
        'sharing',
      ),
      fc.oneof(
        fc.constantFrom('bind', 'cache', 'tmpfs', 'secret', 'ssh', 'true', '0', '7', 'locked', '/x'),
        text,
      ),
    );
    const value = fc
      .array(option, { maxLength: 6 })
      .map((list) => list.map((pair) => pair.join('=')).join(','));
    const property = fc.property(value, (raw) => {
      const word = { raw, span: { start: 0, end: 0 } };
      const parsed = parseMount(word, 0, (part) => expandWord(part, lookup, '\\'));
      expect(parsed.ok ? parsed.mount.type : parsed.message).not.toBe('');
    });
    fc.assert(property, options);
  });
});
