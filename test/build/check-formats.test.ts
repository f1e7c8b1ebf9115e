import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceURI } from '../../src/cli/calls/source-uri.ts';
import { lintRules } from '../../src/dockerfile/lint/rules.ts';
import { strata } from '../support/in-process.ts';
import { type CheckedDirectory, openCheckedDirectory } from './checked.ts';

let checked: CheckedDirectory;
beforeEach(() => {
  checked = openCheckedDirectory();
});
afterEach(() => checked.remove());

const dockerfile = 'FROM scratch\nENV TOKEN=x \\\n    B=$tokn\nEXPOSE nothing';

describe('text', () => {
  test('shows each finding at its place, and how many there are beside it', async () => {
    expect(await checked.run(['check'], dockerfile)).toEqual({
      code: 1,
      stdout: `Dockerfile:2:5: warning: ENV "TOKEN" looks like a secret, and would stay in the image's history [SecretsUsedInArgOrEnv]

     1 | FROM scratch
     2 | ENV TOKEN=x \\
       |     ^~~~~

  help: give secrets with RUN --mount=type=secret

Dockerfile:3:8: warning: variable "$tokn" is used but not defined [UndefinedVar]

     2 | ENV TOKEN=x \\
     3 |     B=$tokn
       |        ^~~~

Dockerfile:4:8: error: invalid containerPort: nothing in "nothing" [invalid-port]

     3 |     B=$tokn
     4 | EXPOSE nothing
       |        ^~~~~~~

  help: want port[-port][/tcp|/udp|/sctp]
`,
      stderr: 'Check complete, 1 error and 2 warnings found.\n',
    });
  });

  test('says nothing on standard output when there is nothing to say', async () => {
    expect(await checked.run(['check'], 'FROM scratch')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'Check complete, no warnings found.\n',
    });
  });

  test('a Dockerfile does not reach the terminal with control characters', async () => {
    const { stdout } = await checked.run(['check'], 'FROM scratch\nENV A $x\nEXPOSE \u001b[31m80\u0007');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(stdout).toContain('[invalid-port]');
  });
});

describe('JSON', () => {
  test('has the members of docs/CHECKS.md', async () => {
    const { code, stdout, stderr } = await checked.run(['check', '--json'], `${dockerfile}\nFROM a`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const place = (line: number, column: number, endColumn: number) => ({
      sourceIndex: 0,
      ranges: [{ start: { line, column }, end: { line, column: endColumn } }],
    });
    expect(JSON.parse(stdout)).toEqual({
      warnings: [
        {
          ruleName: 'SecretsUsedInArgOrEnv',
          description: 'ARG and ENV hold no secrets',
          url: 'https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/',
          detail: `ENV "TOKEN" looks like a secret, and would stay in the image's history`,
          help: 'give secrets with RUN --mount=type=secret',
          location: place(2, 5, 10),
        },
        {
          ruleName: 'UndefinedVar',
          description: 'Variables are defined before they are used',
          url: 'https://docs.docker.com/go/dockerfile/rule/undefined-var/',
          detail: 'variable "$tokn" is used but not defined',
          location: place(3, 8, 12),
        },
      ],
      errors: [
        {
          code: 'invalid-port',
          message: 'invalid containerPort: nothing in "nothing"',
          help: 'want port[-port][/tcp|/udp|/sctp]',
          location: place(4, 8, 15),
        },
      ],
      unknownBases: ['a'],
      sources: [{ filename: 'Dockerfile' }],
    });
  });

  test('of a clean file', async () => {
    const { code, stdout } = await checked.run(['check', '--format', 'json'], 'FROM scratch');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ warnings: [], errors: [], unknownBases: [], sources: [] });
  });

  test('of an ignore file that is wrong', async () => {
    checked.write('.dockerignore', 'good\nba[d\n');
    const { code, stdout } = await checked.run(['check', '--json'], 'FROM scratch');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      errors: [{ code: 'bad-ignore-pattern', location: { ranges: [{ start: { line: 2, column: 1 } }] } }],
      sources: [{ filename: '.dockerignore' }],
    });
  });

  test('under error=true it has the error, too', async () => {
    const { stdout } = await checked.run(['check', '--json'], '# check=error=true\nFROM scratch\nENV A b');
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [{ ruleName: 'LegacyKeyValueFormat' }],
      errors: [{ code: 'lint-violation', location: { sourceIndex: 0, ranges: [] } }],
    });
  });
});

describe('SARIF', () => {
  interface Rule {
    readonly id: string;
    readonly helpUri: string;
  }

  async function sarif(text: string) {
    const { code, stdout, stderr } = await checked.run(['check', '--format', 'sarif'], text);
    expect(stderr).toBe('');
    const log = JSON.parse(stdout);
    expect(log.version).toBe('2.1.0');
    expect(log.runs).toHaveLength(1);
    const [{ tool, results, columnKind }] = log.runs;
    expect(columnKind).toBe('utf16CodeUnits');
    return { code, driver: tool.driver, results };
  }

  test('describes every rule', async () => {
    const { code, driver, results } = await sarif('FROM scratch');
    expect(code).toBe(0);
    expect(results).toEqual([]);
    expect(driver).toMatchObject({ name: 'strata', version: expect.stringMatching(/./) });
    expect(driver.rules.map(({ id }: Rule) => id)).toEqual(lintRules.map(({ name }) => name));
    expect(new Set(driver.rules.map(({ helpUri }: Rule) => helpUri)).size).toBe(lintRules.length);
    for (const rule of driver.rules) {
      expect(rule).toEqual({
        id: expect.stringMatching(/^[A-Z]\w+$/),
        name: rule.id,
        shortDescription: { text: expect.stringMatching(/^[A-Z].{10,}[^.]$/) },
        help: { text: expect.stringMatching(/^.{20,}\.$/) },
        helpUri: expect.stringMatching(/^https:\/\/docs\.docker\.com\/go\/dockerfile\/rule\/[a-z-]+\/$/),
        defaultConfiguration: { level: 'warning', enabled: rule.id !== 'InvalidDefinitionDescription' },
      });
    }
  });

  test('places every result, and says of which rule it is', async () => {
    const { code, driver, results } = await sarif(`${dockerfile}\nRUN a \\\n\n  b`);
    expect(code).toBe(1);
    const uri = sourceURI('Dockerfile', { context: checked.directory, dockerfile: undefined });
    const result = (ruleId: string, level: string, text: string, region: number[]) => {
      const [startLine, startColumn, endLine, endColumn] = region;
      const ruleIndex = driver.rules.findIndex(({ id }: Rule) => id === ruleId);
      return {
        ruleId,
        ...(ruleIndex < 0 ? {} : { ruleIndex }),
        level,
        message: { text },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri },
              region: { startLine, startColumn, endLine, endColumn },
            },
          },
        ],
      };
    };
    expect(results).toEqual([
      result(
        'invalid-port',
        'error',
        'invalid containerPort: nothing in "nothing" (want port[-port][/tcp|/udp|/sctp])',
        [4, 8, 4, 15],
      ),
      result(
        'SecretsUsedInArgOrEnv',
        'warning',
        `ENV "TOKEN" looks like a secret, and would stay in the image's history (give secrets with RUN --mount=type=secret)`,
        [2, 5, 2, 10],
      ),
      result('UndefinedVar', 'warning', 'variable "$tokn" is used but not defined', [3, 8, 3, 12]),
      result(
        'NoEmptyContinuation',
        'warning',
        'empty continuation line: this will become an error some day (remove the blank lines inside the instruction)',
        [7, 1, 7, 4],
      ),
    ]);
  });

  test('a region may have several lines', async () => {
    const { results } = await sarif('FROM scratch\nCMD one \\\n  two');
    expect(results[0].locations[0].physicalLocation.region).toEqual({
      startLine: 2,
      startColumn: 1,
      endLine: 3,
      endColumn: 6,
    });
  });

  test('under error=true the warnings are errors, and nothing is added', async () => {
    const { results } = await sarif('# check=error=true\nFROM scratch\nENV A b');
    expect(results).toMatchObject([{ ruleId: 'LegacyKeyValueFormat', level: 'error' }]);
  });
});

describe('where SARIF says a file is', () => {
  test.each<[title: string, name: string, context: string, dockerfile: string | undefined, want: string]>([
    ['in the working directory', 'Dockerfile', '.', undefined, 'Dockerfile'],
    ['in a context', 'Dockerfile', 'src/app', undefined, 'src/app/Dockerfile'],
    ['beside the context', 'a/b.Dockerfile', 'src', 'a/b.Dockerfile', 'a/b.Dockerfile'],
    ['its ignore file', 'b.Dockerfile.dockerignore', 'src', 'a/b.Dockerfile', 'a/b.Dockerfile.dockerignore'],
    ['the ignore file of the context', '.dockerignore', 'src', 'a/b.Dockerfile', 'src/.dockerignore'],
    ['an absolute path in the working directory', 'Dockerfile', process.cwd(), undefined, 'Dockerfile'],
    ['elsewhere', 'Dockerfile', '/else where', undefined, 'file:///else%20where/Dockerfile'],
    ['above', '../Dockerfile', '.', '../Dockerfile', pathToFileURL('../Dockerfile').href],
    ['odd characters', 'a b#c/Dockerfile', '.', 'a b#c/Dockerfile', 'a%20b%23c/Dockerfile'],
    ['standard input', 'Dockerfile', 'src', '-', 'Dockerfile'],
    ['a context on standard input', 'Dockerfile', '-', undefined, 'Dockerfile'],
    [
      'a URL',
      'https://example.org/Dockerfile',
      '.',
      'https://example.org/Dockerfile',
      'https://example.org/Dockerfile',
    ],
    [
      'the ignore file beside a URL',
      '.dockerignore',
      'src',
      'https://example.org/Dockerfile',
      'src/.dockerignore',
    ],
    ['a repository', 'Dockerfile', 'https://example.org/r.git', undefined, 'Dockerfile'],
  ])('%s', (_title, name, context, file, want) => {
    expect(sourceURI(name, { context, dockerfile: file })).toBe(want);
  });
});

describe('the command line', () => {
  test.each<[args: string[], code: number, stderr: RegExp]>([
    [['check', '--format', 'jsn'], 2, /--format jsn: unknown value.*\n {2}help: did you mean json\?/],
    [['build', '--call', 'outlin'], 2, /--call outlin: unknown value.*\n {2}help: did you mean outline\?/],
    [['build', '--call', 'outline,format=sarif'], 2, /only a check has findings, outline has none/],
    [['build', '--call', 'check,frmat=json'], 2, /unknown key "frmat".*\n {2}help: did you mean format\?/],
    [['build', '--call', 'check,ignorestatus=maybe'], 2, /ignorestatus=maybe: want true or false/],
    [['build', '--check', '--call', 'targets'], 2, /--check and --call targets exclude each other/],
    [['build', '--format', 'json'], 2, /--format goes with --check and --call/],
    [['check', '--platform', 'linux/a/b/c'], 2, /--platform: "linux\/a\/b\/c" is not a platform/],
    [['check', '-f', 'nowhere'], 1, /there is no Dockerfile at .*nowhere/],
    [['build', '--check'], 1, /1 warning found/],
    [['build', '--call', 'check'], 1, /1 warning found/],
    [['build', '--call', 'check,ignorestatus=true'], 0, /1 warning found/],
    [['build', '--check', '--call', 'check'], 1, /1 warning found/],
  ])('%j', async (args, code, stderr) => {
    const got = await checked.run(args, 'FROM scratch\nENV A b');
    expect(got.stderr).toMatch(stderr);
    expect(got.code).toBe(code);
  });

  test('--check prints what strata check prints, in every format', async () => {
    for (const format of ['text', 'json', 'sarif']) {
      const want = await checked.run(['check', '--format', format], dockerfile);
      expect(await checked.run(['build', '--check', '--format', format], dockerfile)).toEqual(want);
      expect(await checked.run(['build', '--call', `check,format=${format}`], dockerfile)).toEqual(want);
    }
  });

  test('the Dockerfile comes from standard input, or from a context that does', async () => {
    const stdin = 'FROM scratch\nENV A b\n';
    const want = /^Dockerfile:2:1: warning: .* \[LegacyKeyValueFormat\]/;
    const flags = ['check', '--root', checked.root];
    expect((await strata([...flags, '-f', '-', checked.directory], { stdin })).stdout).toMatch(want);
    expect((await strata([...flags, '-'], { stdin })).stdout).toMatch(want);
  });

  test('a Dockerfile elsewhere brings its ignore file', async () => {
    mkdirSync(join(checked.directory, 'sub'));
    writeFileSync(join(checked.directory, 'sub/x.Dockerfile'), 'FROM scratch\nCOPY Größe.txt /\n');
    writeFileSync(join(checked.directory, 'sub/x.Dockerfile.dockerignore'), 'G*\n');
    const file = join(checked.directory, 'sub/x.Dockerfile');
    const { stdout } = await strata(['check', '--root', checked.root, '-f', file, checked.directory]);
    expect(stdout).toMatch(/x\.Dockerfile:2:6: warning: Copy of "Größe\.txt".* \[CopyIgnoredFile\]/);
  });
});
