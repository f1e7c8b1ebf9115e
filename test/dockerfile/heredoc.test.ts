import { describe, expect, test } from 'vitest';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { findHeredocs, heredocCommand, heredocContent } from '../../src/dockerfile/text/heredoc.ts';

function instruction(text: string) {
  const { dockerfile, diagnostics } = parseDockerfile(
    new SourceText('Dockerfile', `FROM scratch\n${text}\n`),
  );
  expect(diagnostics).toEqual([]);
  return dockerfile?.stages[0]?.body[0];
}

describe('what a RUN executes', () => {
  test.each([
    ['no heredoc', 'RUN make', { form: 'shell', text: 'make' }],
    ['exec form', 'RUN ["<<EOF"]', { form: 'exec', args: ['<<EOF'] }],
    ['a heredoc alone is the command', 'RUN <<EOF\na\nb\nEOF', { form: 'shell', text: 'a\nb\n' }],
    ['flags do not count', 'RUN --network=none <<EOF\na\nEOF', { form: 'shell', text: 'a\n' }],
    ['nor do quotes', "RUN <<'EOF'\n$a\nEOF", { form: 'shell', text: '$a\n' }],
    ['nor a file descriptor', 'RUN 3<<EOF\na\nEOF', { form: 'shell', text: 'a\n' }],
    ['nothing is expanded', 'RUN <<EOF\n$A \\x\nEOF', { form: 'shell', text: '$A \\x\n' }],
    ['tabs go with <<-', 'RUN <<-EOF\n\ta\n\t\tb\n c\n\tEOF', { form: 'shell', text: 'a\nb\n c\n' }],
    ['an empty body', 'RUN <<EOF\nEOF', { form: 'shell', text: '' }],
    ['a blank behind <<', 'RUN << EOF\na\nEOF', { form: 'shell', text: 'a\n' }],
    ['#! further down is text', 'RUN <<EOF\n\n#!/x\nEOF', { form: 'shell', text: '\n#!/x\n' }],
    ['with a command', 'RUN cat <<EOF\na\nEOF', { form: 'shell', text: 'cat <<EOF\na\nEOF' }],
    ['with a descriptor and a command', 'RUN 3<<E cat\na\nE', { form: 'shell', text: '3<<E cat\na\nE' }],
    [
      'several',
      'RUN <<A cat && <<B cat\na\nA\nb\nB',
      { form: 'shell', text: '<<A cat && <<B cat\na\nA\nb\nB' },
    ],
    ['two alone', 'RUN <<A <<B\na\nA\nb\nB', { form: 'shell', text: '<<A <<B\na\nA\nb\nB' }],
    [
      '#! behind a tab is a comment, as it is to BuildKit',
      'RUN <<-run.sh\n\t#!/bin/sh\n\tx\n\trun.sh',
      { form: 'shell', text: '#!/bin/sh\nx\n' },
    ],
    ['the shell strips tabs itself', 'RUN cat <<-E\n\ta\n\tE', { form: 'shell', text: 'cat <<-E\n\ta\nE' }],
    ['#! with a command is text', 'RUN cat <<E\n#!/x\nE', { form: 'shell', text: 'cat <<E\n#!/x\nE' }],
  ])('%s', (_title, text, command) => {
    const run = instruction(text);
    expect(run?.kind === 'run' && heredocCommand(run)).toEqual({ kind: 'plain', command });
  });

  test.each([
    ['a script', 'RUN <<EOF\n#!/bin/python3\nprint(1)\nEOF', 'EOF', '#!/bin/python3\nprint(1)\n'],
    ['#! at the margin of <<-', 'RUN <<-run.sh\n#!/bin/sh\n\tx\n\trun.sh', 'run.sh', '#!/bin/sh\nx\n'],
    ['CR stays', 'RUN <<E\n#!/x\r\ny\r\nE\r', 'E', '#!/x\r\ny\r\n'],
  ])('%s', (_title, text, name, script) => {
    const run = instruction(text);
    expect(run?.kind === 'run' && heredocCommand(run)).toEqual({ kind: 'script', name, text: script });
  });
});

describe('what a COPY heredoc holds', () => {
  const lookup = (name: string) => (name === 'A' ? '1' : undefined);

  test.each([
    ['expanded', 'COPY <<E /x\n$A "q" \\$A\nE', '1 "q" $A\n'],
    ['quoted', "COPY <<'E' /x\n$A \\$A\nE", '$A \\$A\n'],
    ['a backslash is no quote', 'COPY <<\\E /x\n$A\nE', '1\n'],
    ['tabs stripped, then expanded', 'COPY <<-E /x\n\t$A\n\tE', '1\n'],
    ['lines are not joined', 'ADD <<E /x\na \\\nb\nE', 'a \nb\n'],
    ['a lone CR starts no line', "COPY <<-'E' /x\n\ta\r\tb\n\tE", 'a\r\tb\n'],
  ])('%s', (_title, text, want) => {
    const copy = instruction(text);
    const heredoc = copy?.kind === 'copy' || copy?.kind === 'add' ? copy.heredocs[0] : undefined;
    expect(heredoc && heredocContent(heredoc, lookup)).toMatchObject({ ok: true, value: want });
  });
});

describe('which words are heredocs', () => {
  test.each([
    ['RUN <<EOF', ['EOF']],
    ['RUN 3<<EOF cmd', ['EOF']],
    ['RUN <<A cat && <<B cat', ['A', 'B']],
    ['RUN << EOF', ['EOF']],
    ['RUN cat<<EOF', []],
    ['RUN (<<EOF cat)', []],
    ['RUN cat <<EOF>out', ['EOF>out']],
    ['RUN <<EOF; ls', ['EOF;']],
    ['COPY <<EOF;x /y', ['EOF;x']],
    ['RUN cat <<< "x"', []],
    ['RUN "<<EOF"', []],
    ["RUN '<<EOF'", []],
    ['RUN echo $((1<<2))', []],
    ['RUN echo $((1 << 2))', ['2))']],
    ['RUN <<EOF "open quote', []],
    ['RUN <<$X', ['$X']],
    [`RUN <<\${X:-y}`, [`\${X:-y}`]],
    ['RUN <<"a b"', ['a b']],
    ['RUN <<""', []],
    ['RUN <<A<<B', []],
    [`RUN <<EOF \${x^^}`, []],
  ])('%s', (line, names) => expect(findHeredocs(line).map(({ name }) => name)).toEqual(names));

  test.each([
    ['<<EOF', false],
    ["<<'EOF'", true],
    ['<<"EOF"', true],
    ['<<E"O"F', true],
    ['<<\\EOF', false],
    ["<<eo\\'f", false],
    ['<<"a$b"', true],
  ])('%s quoted: %s', (word, quoted) => expect(findHeredocs(word)).toMatchObject([{ quoted }]));
});
