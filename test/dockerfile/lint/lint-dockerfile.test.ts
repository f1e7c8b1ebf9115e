import { describe, expect, test } from 'vitest';
import { SourceText } from '../../../src/core/source/span.ts';
import { parseCheckOptions } from '../../../src/dockerfile/lint/check-options.ts';
import { lintDockerfile } from '../../../src/dockerfile/lint/lint-dockerfile.ts';
import { checkOptionsOf, violationOf } from '../../../src/dockerfile/lint/linter.ts';
import { lintRules, lintRuleUrl } from '../../../src/dockerfile/lint/rules.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';

function read(text: string) {
  const { dockerfile, diagnostics } = parseDockerfile(new SourceText('Dockerfile', text));
  expect(diagnostics).toEqual([]);
  if (dockerfile === undefined) throw new Error('no stage');
  return dockerfile;
}

/** Each report as `Rule line:column word`. */
function reports(text: string, override?: string): string[] {
  const dockerfile = read(text);
  const { options, problem } = checkOptionsOf(dockerfile, override);
  expect(problem).toBeUndefined();
  return lintDockerfile(dockerfile, options).map(({ code, span = { start: 0, end: 0 } }) => {
    const { line, column } = dockerfile.source.position(span.start);
    return `${code} ${line}:${column} ${text.slice(span.start, span.end)}`;
  });
}

describe('what is reported, and where', () => {
  test.each<[text: string, want: string[]]>([
    ['FROM a AS Build', ['StageNameCasing 1:11 Build']],
    ['FROM a AS build', []],
    ['FROM a AS b\nFROM a AS Cc\nFROM a AS DD', ['StageNameCasing 2:11 Cc', 'StageNameCasing 3:11 DD']],

    ['FROM a as b', ['FromAsCasing 1:8 as']],
    ['FROM a AS b', []],
    ['FROM a As b', ['FromAsCasing 1:8 As']],
    ['from a AS b', ['FromAsCasing 1:8 AS']],
    ['from a as b', []],
    ['From a as b', ['ConsistentInstructionCasing 1:1 From']],

    ['FROM a\nRUN a \\\n\n b', ['NoEmptyContinuation 4:1  b']],
    ['FROM a\nRUN a \\\n  \n\t\n b \\\n\n c', ['NoEmptyContinuation 7:1  c']],
    ['FROM a\nRUN a \\\n# c\n b', []],
    ['FROM a\nRUN a \\\n\\\n b', []],
    ['FROM a\nRUN a \\\n\n', ['NoEmptyContinuation 4:1 ']],
    ['FROM a\nRUN <<E \\\n\n cat\nx\nE', ['NoEmptyContinuation 4:1  cat']],
    ['ARG A \\\n\n B\nFROM a', ['NoEmptyContinuation 3:1  B']],

    ['FROM a\nrun b\nRUN c', ['ConsistentInstructionCasing 2:1 run']],
    ['FROM a\nRUN b\nRUN c', []],
    ['from a\nrun b\nRUN c', ['ConsistentInstructionCasing 3:1 RUN']],
    ['FROM a\nrun b', ['ConsistentInstructionCasing 2:1 run']],
    ['from a\nrun b\nRun c', ['ConsistentInstructionCasing 3:1 Run']],
    ['FROM a\nRun b', ['ConsistentInstructionCasing 2:1 Run']],
    ['arg A\nFROM a', []],

    ['FROM a AS x\nFROM b AS x', ['DuplicateStageName 2:11 x']],
    ['FROM a AS x\nFROM b AS y', []],
    ['FROM a AS x\nFROM b AS x\nFROM c AS x', ['DuplicateStageName 2:11 x', 'DuplicateStageName 3:11 x']],

    ['FROM a AS scratch', ['ReservedStageName 1:11 scratch']],
    ['FROM a AS context', ['ReservedStageName 1:11 context']],
    ['FROM a AS base', []],

    ['FROM a\nMAINTAINER me', ['MaintainerDeprecated 2:1 MAINTAINER']],
    ['FROM a\nLABEL org.opencontainers.image.authors="me"', []],

    ['FROM a:$VERSOIN', ['InvalidDefaultArgInFrom 1:6 a:$VERSOIN', 'UndefinedArgInFrom 1:9 VERSOIN']],
    ['ARG VERSION=1\nFROM a:$VERSION', []],
    ['FROM a:v$TARGETARCH$BUILDVARIANT', []],
    ['FROM --platform=$BUILDPLATFORM a', []],
    ['FROM --platform=$BUILDPLATFROM a', ['UndefinedArgInFrom 1:18 BUILDPLATFROM']],
    [`FROM a:\${V:-1}`, ['UndefinedArgInFrom 1:10 V']],
    [
      `FROM a:\${V:-\${W:-1}}`,
      ['UndefinedArgInFrom 1:10 V', `UndefinedArgInFrom 1:6 a:\${V:-\${W:-1}}`].reverse(),
    ],
    ['FROM b\\\n:v$V', ['UndefinedArgInFrom 2:4 V']],
    ['# escape=`\nFROM b`\n:v$V', ['UndefinedArgInFrom 3:4 V']],
    ['FROM a\nARG V=1\nFROM b:v$V', ['UndefinedArgInFrom 3:10 V']],

    ['FROM --platform=$TARGETPLATFORM a', ['RedundantTargetPlatform 1:17 $TARGETPLATFORM']],
    [`FROM --platform=\${TARGETPLATFORM} a`, [`RedundantTargetPlatform 1:17 \${TARGETPLATFORM}`]],
    ['FROM --platform=$TARGETOS/$TARGETARCH a', []],
    ['FROM --platform=linux/arm64 a AS build', ['FromPlatformFlagConstDisallowed 1:17 linux/arm64']],
    ['FROM --platform=linux/amd64 a AS build_amd64', []],
    ['FROM --platform=linux/x86_64 a AS build_amd64', []],
    ['FROM --platform=linux/amd64 a AS linux-thing', []],
    ['FROM --platform=linux/amd64 a', ['FromPlatformFlagConstDisallowed 1:17 linux/amd64']],
    ['ARG P=linux/amd64\nFROM --platform=$P a', []],
    ['FROM --platform=a/b/c/d a', []],

    ['ARG T\nFROM a:$T', ['InvalidDefaultArgInFrom 2:6 a:$T']],
    ['ARG T=1\nFROM a:$T', []],
    ['ARG I\nFROM $I', ['InvalidDefaultArgInFrom 2:6 $I']],
    [`ARG I\nFROM \${I:-scratch}`, []],
    ['FROM UPPER', ['InvalidDefaultArgInFrom 1:6 UPPER']],
    [`FROM ${'0'.repeat(64)}`, [`InvalidDefaultArgInFrom 1:6 ${'0'.repeat(64)}`]],
    [`FROM reg.example.com:5000/a/b_c:1.2-x@sha256:${'0'.repeat(64)}`, []],
    ['FROM [::1]:5000/a', []],
    [`ARG A=\${B?gone}\nARG T\nFROM a:$T`, []],
    ['ARG A=1 B=$A\nFROM a:$B', []],

    ['# hi\nFROM a AS b', []],
  ])('%j', (text, want) => expect(reports(`${text}\n`)).toEqual(want));
});

describe('comments as descriptions, when asked for', () => {
  const rule = 'InvalidDefinitionDescription';

  test.each<[text: string, want: string[]]>([
    ['# hi\nFROM a AS b', [`${rule} 2:1 FROM`]],
    ['# b builds it\nFROM a AS b', []],
    ['# b\nFROM a AS b', []],
    ['# hi\nFROM a', []],
    ['# hi\n#\nFROM a AS b', []],
    ['# hi\n\nFROM a AS b', [`${rule} 3:1 FROM`]],
    ['# b it is\n# hi\nFROM a AS b', [`${rule} 3:1 FROM`]],
    ['# hi\n# b it is\nFROM a AS b', []],
    ['# A is\nARG A=1\nFROM a\n# nothing\nARG B', [`${rule} 5:1 ARG`]],
    ['# C does\nARG A B C\nFROM a', []],
    ['# it does\nARG A B C\nFROM a', [`${rule} 2:1 ARG`]],
  ])('%j', (text, want) => {
    expect(reports(`${text}\n`, `experimental=${rule}`)).toEqual(want);
    expect(reports(`${text}\n`)).toEqual([]);
  });
});

describe('switching', () => {
  const text = 'FROM a AS Build\nMAINTAINER me\n';
  const both = ['StageNameCasing 1:11 Build', 'MaintainerDeprecated 2:1 MAINTAINER'];

  test.each<[override: string, want: string[]]>([
    ['', both],
    ['skip=StageNameCasing', both.slice(1)],
    ['skip=StageNameCasing,MaintainerDeprecated', []],
    ['skip=all', []],
    ['skip=stagenamecasing', both],
    ['skip=NoSuchRule', both],
    ['skip=all;error=true', []],
    ['experimental=StageNameCasing', both],
    [' skip = StageNameCasing , X ; error = 0 ', both.slice(1)],
  ])('from outside: %j', (override, want) => expect(reports(text, override)).toEqual(want));

  test.each<[text: string, want: string[]]>([
    [`# check=skip=StageNameCasing\n${text}`, ['MaintainerDeprecated 3:1 MAINTAINER']],
    [`# check=skip=all a remark\n${text}`, []],
    [`# check=skip=StageNameCasing MaintainerDeprecated\n${text}`, ['MaintainerDeprecated 3:1 MAINTAINER']],
    // In a comment above an instruction
    ['#\n# check=skip=StageNameCasing\nFROM a AS Build\nFROM a AS Other', ['StageNameCasing 4:11 Other']],
    ['#\n# text\n# check=skip=all why not\nFROM a AS Build', []],
    ['#\n# Check = skip=StageNameCasing\nFROM a AS Build', []],
    ['#\n# check=skip=X\n# check=skip=all\nFROM a AS Build', ['StageNameCasing 4:11 Build']],
    ['#\n# check=nonsense\nFROM a AS Build', ['StageNameCasing 3:11 Build']],
    ['FROM a\n# check=skip=all\nMAINTAINER me', []],
    ['FROM a\n# check=error=true\nMAINTAINER me', ['MaintainerDeprecated 3:1 MAINTAINER']],
    // Rules that look at the file as a whole do not ask
    ['FROM a AS x\n# check=skip=all\nFROM b AS x', ['DuplicateStageName 3:11 x']],
    ['#\n# check=skip=all\nFROM a AS scratch', ['ReservedStageName 3:11 scratch']],
    ['FROM a\n# check=skip=all\nrun x', ['ConsistentInstructionCasing 3:1 run']],
    ['#\n# check=skip=all\nFROM $X', ['InvalidDefaultArgInFrom 3:6 $X']],
    ['FROM a\n# check=skip=all\nRUN a \\\n\nb', ['NoEmptyContinuation 5:1 b']],
    ['#\n# check=experimental=all\n# no\nFROM a AS b', ['InvalidDefinitionDescription 4:1 FROM']],
  ])('in the file: %j', (file, want) => expect(reports(file)).toEqual(want));

  test('from outside replaces the line of the file', () => {
    expect(reports(`# check=skip=all\n${text}`, 'skip=StageNameCasing')).toEqual([
      'MaintainerDeprecated 3:1 MAINTAINER',
    ]);
  });

  test.each([
    ['skip', 'invalid check option "skip"'],
    ['skpi=all', 'invalid check option "skpi"'],
    ['skip=A;;error=true', 'invalid check option ""'],
    ['error=maybe', 'invalid check option "error=maybe"'],
    ['skip=A;error=true;experimental=B;x=1', undefined],
  ])('%s', (value, message) => {
    const parsed = parseCheckOptions(value);
    expect(parsed.ok ? undefined : parsed.message).toEqual(
      message === undefined ? undefined : expect.stringContaining(message),
    );
  });

  test('a bad directive is an error at its value', () => {
    const dockerfile = read('# check=skpi=all\nFROM a\n');
    const { problem } = checkOptionsOf(dockerfile, undefined);
    expect(problem).toMatchObject({
      code: 'bad-check-option',
      severity: 'error',
      span: { start: 8, end: 16 },
    });
    expect(checkOptionsOf(dockerfile, 'skip=all').problem).toBeUndefined();
  });

  test('error=true makes one error of all warnings', () => {
    const dockerfile = read(`# check=error=true\n${text}FROM b AS Two\n`);
    const { options } = checkOptionsOf(dockerfile, undefined);
    const warnings = lintDockerfile(dockerfile, options);
    expect(violationOf(warnings, options)).toMatchObject({
      severity: 'error',
      message: 'lint violation found for rules: MaintainerDeprecated, StageNameCasing',
    });
    expect(violationOf([], options)).toBeUndefined();
    expect(violationOf(warnings, { ...options, isError: false })).toBeUndefined();
  });
});

describe('the rule table', () => {
  test('has 22 rules, one of them experimental', () => {
    expect(new Set(lintRules.map(({ name }) => name)).size).toBe(22);
    expect(lintRules.filter((rule) => 'isExperimental' in rule).map(({ name }) => name)).toEqual([
      'InvalidDefinitionDescription',
    ]);
  });

  test.each([
    ['JSONArgsRecommended', 'json-args-recommended'],
    ['FromAsCasing', 'from-as-casing'],
    ['SecretsUsedInArgOrEnv', 'secrets-used-in-arg-or-env'],
  ] as const)('%s is explained at …/%s/', (name, path) => {
    expect(lintRuleUrl(name)).toBe(`https://docs.docker.com/go/dockerfile/rule/${path}/`);
  });
});
