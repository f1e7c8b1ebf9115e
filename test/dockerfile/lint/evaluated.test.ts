import { describe, expect, test } from 'vitest';
import { compileIgnore } from '../../../src/context/patterns/ignore.ts';
import { SourceText } from '../../../src/core/source/span.ts';
import { defaultCheckOptions } from '../../../src/dockerfile/lint/check-options.ts';
import {
  baseImagePlatform,
  exposeFindings,
  ignoredSource,
  isSecretName,
  legacyKeyValue,
  relativeWorkdir,
  repeatedInstruction,
  secretInName,
  shellFormCommand,
  undefinedVariable,
} from '../../../src/dockerfile/lint/evaluated.ts';
import { openLinter } from '../../../src/dockerfile/lint/linter.ts';

describe('names of secrets', () => {
  test.each([
    ['KEY', true],
    ['SSH_KEY', true],
    ['GITHUB_TOKEN', true],
    ['DB_PASSWORD', true],
    ['secret_message', true],
    ['Auth', true],
    ['AWS_CREDENTIALS', true],
    ['AWS_CREDENTIAL', true],
    ['DB_PWORD', true],
    ['db_pASSwd', true],
    ['PUBLIC_TOKEN_FILE', false],
    ['MY_APIKEY_1', true],
    ['_passwd', true],
    ['MONKEY', false],
    ['PRIMARYKEY', false],
    ['AUTHOR', false],
    ['PUBLIC_KEY', false],
    ['PASSWORD_FILE', false],
    ['TOKEN_VERSION', false],
    ['KEYS', false],
    ['', false],
  ])('%s', (name, want) => {
    expect(isSecretName(name)).toBe(want);
    expect(secretInName('ARG', name)?.rule).toBe(want ? 'SecretsUsedInArgOrEnv' : undefined);
  });
});

describe('ports of EXPOSE', () => {
  test.each([
    ['80', []],
    ['80/tcp', []],
    ['80-90/udp', []],
    ['80/TCP', ['ExposeProtoCasing']],
    ['80/Udp', ['ExposeProtoCasing']],
    ['127.0.0.1:80:80', ['ExposeInvalidFormat']],
    ['8080:80', ['ExposeInvalidFormat']],
    ['[::1]:80:80/TCP', ['ExposeInvalidFormat', 'ExposeProtoCasing']],
  ])('%s', (port, want) => expect(exposeFindings(port).map(({ rule }) => rule)).toEqual(want));
});

describe('sources the ignore rules hide', () => {
  const isHidden = (path: string) => path === 'a.log' || path.startsWith('dir/');

  test.each<[source: string, patterns: string[], want: string | undefined]>([
    ['a.log', ['*.log', 'dir'], 'a.log'],
    ['/a.log', ['*.log'], 'a.log'],
    ['./x/../a.log', ['*.log'], 'a.log'],
    ['dir/', ['dir'], undefined],
    ['dir/file', ['dir'], 'dir/file'],
    ['b.txt', ['*.log'], undefined],
    ['a.log', ['*.log', '!a.log'], undefined],
    ['.', ['*.log'], undefined],
    ['.', ['*'], '.'],
    ['/', ['**'], '.'],
    ['./', ['**/*'], '.'],
  ])('%s under %j', (source, patterns, want) => {
    const finding = ignoredSource('COPY', source, { patterns, ignores: isHidden });
    expect(finding?.message).toBe(
      want === undefined ? undefined : `Copy of "${want}", which the ignore rules hide`,
    );
  });

  test.each([
    ['é.txt', 'Copy of "é.txt", which the ignore rules hide'],
    ['x.txt', undefined],
  ])('names are bytes to the rules: %s', (source, want) => {
    expect(ignoredSource('COPY', source, compileIgnore('é?txt\n'))?.message).toBe(want);
  });

  test('ADD is called by its name', () => {
    expect(ignoredSource('ADD', 'a.log', { patterns: ['*.log'], ignores: isHidden })?.message).toMatch(
      /^Add /,
    );
  });
});

describe('platforms of base images', () => {
  const amd64 = { os: 'linux', architecture: 'amd64' };

  test.each([
    [{ os: 'linux', architecture: 'amd64' }, false],
    [{ os: 'linux', architecture: 'amd64', variant: 'v3' }, false],
    [{ os: 'linux', architecture: 'arm64' }, true],
    [{ os: 'windows', architecture: 'amd64' }, true],
  ])('%j', (found, want) => expect(baseImagePlatform('a', amd64, found) !== undefined).toBe(want));
});

test.each([
  [shellFormCommand('CMD', 'a b'), 'JSONArgsRecommended', 'CMD'],
  [undefinedVariable('VERSOIN', ['PATH', 'VERSION'], false), 'UndefinedVar', 'VERSOIN'],
  [relativeWorkdir('app'), 'WorkdirRelativePath', 'app'],
  [repeatedInstruction('HEALTHCHECK'), 'MultipleInstructionsDisallowed', 'HEALTHCHECK'],
  [legacyKeyValue('ENV'), 'LegacyKeyValueFormat', 'ENV'],
])('a finding names its rule and the word it is about', (finding, rule, word) => {
  expect(finding.rule).toBe(rule);
  expect(finding.message).toContain(word);
});

test('an undefined variable comes with the nearest defined one', () => {
  expect(undefinedVariable('VERSOIN', ['PATH', 'VERSION'], false).help).toBe('did you mean $VERSION?');
  expect(undefinedVariable('X', ['PATH'], false).help).toBeUndefined();
  expect(undefinedVariable('X', ['X2'], true).help).toMatch(
    /^an ARG holds from its line to the end of its stage: .* ARG X /,
  );
});

test.each([
  ['node x.js', 'write CMD ["program", "argument"]'],
  [`["node", 'x.js']`, 'this is no JSON array, so the shell is given it as text: strings take double quotes'],
])('what to write instead of CMD %s', (text, help) => {
  expect(shellFormCommand('CMD', text).help).toBe(help);
});

describe('a linter', () => {
  const source = new SourceText('Dockerfile', 'FROM a\nENV KEY=1\n');
  const span = { start: 11, end: 14 };

  test('reports once per place, however often a stage is evaluated', () => {
    const linter = openLinter(source, defaultCheckOptions);
    linter.add(secretInName('ENV', 'KEY'), span);
    linter.add(secretInName('ENV', 'KEY'), span);
    linter.add(undefined, span);
    expect(linter.warnings).toMatchObject([
      { code: 'SecretsUsedInArgOrEnv', severity: 'warning', source, span },
    ]);
  });

  test('heeds the comment above the instruction', () => {
    const linter = openLinter(source, defaultCheckOptions);
    linter.add(secretInName('ENV', 'KEY'), span, ['check=skip=SecretsUsedInArgOrEnv it is none']);
    expect(linter.warnings).toEqual([]);
  });
});
