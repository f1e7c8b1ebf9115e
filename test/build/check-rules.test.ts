import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lintRules } from '../../src/dockerfile/lint/rules.ts';
import { projectDir } from '../structure/imports.ts';
import { type CheckedDirectory, openCheckedDirectory } from './checked.ts';

let checked: CheckedDirectory;
beforeEach(() => {
  checked = openCheckedDirectory();
});
afterEach(() => checked.remove());

/** The rows of docs/CHECKS.md: what is promised there is what is tested. */
const rows = [
  ...readFileSync(join(projectDir, 'docs/CHECKS.md'), 'utf8').matchAll(
    /^\| (\w+) +\| [^|]+ \| `([^`]+)` +\| `([^`]+)` +\|$/gm,
  ),
].map(([, rule = '', bad = '', good = '']) => ({
  rule,
  bad: bad.replaceAll('⏎', '\n'),
  good: good.replaceAll('⏎', '\n'),
}));

/** What a rule needs besides the Dockerfile. */
const surroundings: Readonly<Record<string, readonly string[]>> = {
  InvalidBaseImagePlatform: ['--platform', 'linux/arm64'],
  // Without it the file would be an error, too.
  InvalidDefaultArgInFrom: ['--build-arg', 'T=1'],
  InvalidDefinitionDescription: [
    '--build-arg',
    'BUILDKIT_DOCKERFILE_CHECK=experimental=InvalidDefinitionDescription',
  ],
};

describe('docs/CHECKS.md', () => {
  test('has a row for every rule, in their order', () => {
    expect(rows.map(({ rule }) => rule)).toEqual(lintRules.map(({ name }) => name));
  });

  test.each(rows)('$rule', async ({ rule, bad, good }) => {
    await checked.store('docker.io/library/only-amd64:latest', {});
    checked.write('.dockerignore', '*.log\n');
    expect(await checked.findings(bad, surroundings[rule])).toEqual([rule]);
    expect(await checked.findings(good, surroundings[rule])).toEqual([]);
  });
});

describe('several findings', () => {
  test.each<[dockerfile: string, want: string[]]>([
    // What a misspelt variable in FROM does to the rest of the line.
    ['FROM a:$VERSOIN', ['invalid-reference', 'InvalidDefaultArgInFrom', 'UndefinedArgInFrom']],
    ['ARG T\nFROM a:$T', ['invalid-reference', 'InvalidDefaultArgInFrom']],
    ['FROM a as Build\nMAINTAINER me', ['FromAsCasing', 'StageNameCasing', 'MaintainerDeprecated']],
    [
      'FROM a\nCMD b\nCMD c',
      ['MultipleInstructionsDisallowed', 'JSONArgsRecommended', 'JSONArgsRecommended'],
    ],
    ['FROM a\nEXPOSE 127.0.0.1:80:80/TCP', ['ExposeInvalidFormat', 'ExposeProtoCasing']],
    // An error hides no warning that was found before.
    ['FROM a AS B\nSTOPSIGNAL nope\nEXPOSE x', ['StageNameCasing', 'invalid-signal', 'invalid-port']],
    // What can be read of a file is checked, and nothing is said of what the rest may have set.
    [
      'FROM a AS B\nRUM x\nCOPY\nCMD y\nEXPOSE x',
      [
        'StageNameCasing',
        'unknown-instruction',
        'missing-destination',
        'JSONArgsRecommended',
        'invalid-port',
      ],
    ],
    ['FROM a\nRUN echo\n  $more\nCMD y $z\nWORKDIR w\nEXPOSE $port', ['unknown-instruction']],
    ['FROM a\nENV b\nUSER $b\nCMD y', ['missing-value', 'JSONArgsRecommended']],
    ['ARG =1\nFROM a:$x\nFROM $y', ['blank-name']],
    ['FROM\nWORKDIR w', ['bad-from', 'WorkdirRelativePath']],
    ['FRON a AS b\nCMD ["x"]\nFROM b\nCMD ["y"]', ['unknown-instruction']],
  ])('%j', async (dockerfile, want) => expect(await checked.findings(dockerfile)).toEqual(want));
});

describe('all stages are checked, or what the target needs', () => {
  const dockerfile =
    'FROM a AS unused\nCMD one\nFROM a AS target\nCMD two\nFROM a AS Needed\nENV A b\nFROM needed\nCMD three';

  test.each<[flags: string[], want: string[]]>([
    [
      [],
      [
        'JSONArgsRecommended',
        'JSONArgsRecommended',
        'StageNameCasing',
        'LegacyKeyValueFormat',
        'JSONArgsRecommended',
      ],
    ],
    // Rules that only read the file report everywhere.
    [
      ['--target', 'target'],
      ['JSONArgsRecommended', 'StageNameCasing'],
    ],
    [
      ['--target', 'needed'],
      ['StageNameCasing', 'LegacyKeyValueFormat'],
    ],
    [
      ['--target', 'tarket'],
      ['unknown-stage', 'StageNameCasing'],
    ],
  ])('%j', async (flags, want) => expect(await checked.findings(dockerfile, flags)).toEqual(want));

  test('errors in a stage that the last one does not need', async () => {
    const text = 'FROM a AS x\nRUN --mount=type=bond true\nCOPY --from=later / /\nFROM a\nFROM a AS later';
    expect(await checked.findings(text)).toEqual(['bad-mount', 'later-stage']);
    expect(await checked.findings(text.replace('COPY', 'RUN true #'))).toEqual(['bad-mount']);
    expect(await checked.findings(text, ['--target', 'later'])).toEqual([]);
  });

  test('several platforms say the same thing once', async () => {
    const platforms = ['--platform', 'linux/amd64,linux/arm64', '--platform', 'linux/riscv64'];
    expect(await checked.findings('FROM a\nCMD b', platforms)).toEqual(['JSONArgsRecommended']);
    await checked.store('docker.io/library/a:latest', {});
    expect(await checked.findings('FROM a', platforms)).toEqual([
      'InvalidBaseImagePlatform',
      'InvalidBaseImagePlatform',
    ]);
  });
});

describe('rules are switched', () => {
  const dockerfile = 'FROM a AS B\n# check=skip=JSONArgsRecommended\nCMD c\nENV D e';
  const all = ['StageNameCasing', 'LegacyKeyValueFormat'];

  test.each<[head: string, flags: string[], want: string[]]>([
    ['', [], all],
    ['# check=skip=StageNameCasing', [], ['LegacyKeyValueFormat']],
    ['# check=skip=StageNameCasing,LegacyKeyValueFormat', [], []],
    ['# check=skip=all', [], []],
    ['# check=skip=stagenamecasing', [], all],
    ['# check=skip=StageNameCasing and more', [], ['LegacyKeyValueFormat']],
    [
      '# check=skip=all',
      ['--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=StageNameCasing'],
      ['LegacyKeyValueFormat'],
    ],
    ['# check=error=true', [], [...all, 'lint-violation']],
    ['# check=skip=all;error=true', [], []],
    ['# check=error=true', ['--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=false'], all],
    ['# check=skp=all', [], ['bad-check-option', ...all]],
  ])('%j %j', async (head, flags, want) => {
    expect(await checked.findings(`${head}\n${dockerfile}`, flags)).toEqual(want);
  });

  test('the error names the rules, each once', async () => {
    const { stdout } = await checked.run(['check'], '# check=error=true\nFROM a AS B\nENV D e\nENV F g');
    expect(stdout).toContain(
      'error: lint violation found for rules: LegacyKeyValueFormat, StageNameCasing [',
    );
  });
});

describe('what a base image decides', () => {
  const a = 'docker.io/library/a:latest';

  test.each<[title: string, dockerfile: string, unknown: string[], known: string[]]>([
    ['a variable of the image', 'FROM a\nCOPY x $APP_HOME', [], []],
    ['a variable nobody sets', 'FROM a\nCOPY x $APP_HOEM', [], ['UndefinedVar']],
    ['a variable no image would set', 'FROM a\nCOPY x $dir', ['UndefinedVar'], ['UndefinedVar']],
    ['PATH', 'FROM a\nENV PATH=/x:$PATH', [], []],
    ['a stage on it', 'FROM a AS b\nFROM b\nCOPY x $APP_HOME', [], []],
    ['a shell', 'FROM a\nCMD x', ['JSONArgsRecommended'], []],
    ['a directory', 'FROM a\nWORKDIR $APP_HOME\nWORKDIR x', [], []],
    ['a relative directory', 'FROM a\nWORKDIR $LIB', [], ['WorkdirRelativePath']],
    ['a port', 'FROM a\nEXPOSE $PORT 80/TCP', ['ExposeProtoCasing'], ['ExposeProtoCasing']],
    ['a port nobody sets', 'FROM a\nEXPOSE $PROT/tcp', [], ['invalid-port']],
    ['a port by way of an ARG', 'FROM a\nARG P=$PORT\nEXPOSE $P/TCP', [], ['ExposeProtoCasing']],
    ['a part of a value', 'FROM a\nENV S=SIG$PORT\nSTOPSIGNAL $S', [], ['invalid-signal']],
    [`what must be set`, `FROM a\nUSER \${PORT:?not set}`, [], []],
    ['a mode', 'FROM a\nCOPY --chmod=$LIB x /', [], ['bad-chmod']],
    ['a checksum', 'FROM a\nADD --checksum=sha256:0 $LIB /', [], ['bad-checksum']],
    ['an option of a mount', 'FROM a\nRUN --mount=type=cache,target=/c,uid=$LIB true', [], ['bad-mount']],
    ['a volume', 'FROM a\nVOLUME $EMPTY', [], ['blank-volume']],
    [
      'an ignored source',
      'FROM a\nCOPY a.log $LIB/b.log /',
      ['CopyIgnoredFile'],
      ['CopyIgnoredFile', 'CopyIgnoredFile'],
    ],
  ])('%s', async (_title, dockerfile, unknown, known) => {
    checked.write('.dockerignore', '**/*.log\n');
    expect(await checked.findings(dockerfile)).toEqual(unknown);
    const Env = ['APP_HOME=/app', 'LIB=lib', 'PORT=80', 'EMPTY='];
    await checked.store(a, { Env, Shell: ['/bin/sh', '-c'] });
    expect(await checked.findings(dockerfile)).toEqual(known);
  });

  test('its triggers are seen', async () => {
    const dockerfile = 'FROM a\nCMD ["x"]';
    expect(await checked.findings(dockerfile)).toEqual([]);
    await checked.store(a, { OnBuild: ['CMD y', 'EXPOSE 1.2.3.4:5:6'] });
    expect(await checked.findings(dockerfile)).toEqual([
      'MultipleInstructionsDisallowed',
      'JSONArgsRecommended',
      'ExposeInvalidFormat',
    ]);
  });

  test('one that is damaged is unknown', async () => {
    await checked.store(a, { Env: ['X=1'] });
    checked.write('root/images/index.json', '{');
    expect(await checked.findings('FROM a\nCOPY $X $y /')).toEqual(['UndefinedVar']);
  });

  test('those that are not there are named', async () => {
    await checked.store(a, {});
    const dockerfile = 'FROM a\nCOPY --from=c/d:1 / /\nFROM b\nFROM b\nFROM scratch';
    const { code, stderr } = await checked.run(['check'], dockerfile);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'note: not in the local store, so checked without what they set: b, c/d:1\nCheck complete, no warnings found.\n',
    });
  });

  test('a context takes the place of an image', async () => {
    await checked.store(a, { Env: ['X=1'] });
    const dockerfile = 'FROM elsewhere\nCOPY $Y /';
    expect(await checked.findings(dockerfile)).toEqual([]);
    const context = ['--build-context', 'elsewhere=docker-image://a'];
    expect(await checked.findings(dockerfile, context)).toEqual(['UndefinedVar']);
    expect(await checked.findings(dockerfile, ['--build-context', `elsewhere=${checked.directory}`])).toEqual(
      ['UndefinedVar'],
    );
  });
});
