import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../../src/context/folder.ts';
import { compileIgnore } from '../../../src/context/patterns/ignore.ts';
import { selectFiles } from '../../../src/copy/select/select.ts';
import { StepError } from '../../../src/core/errors.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-missing-'));
afterAll(() => rmSync(scratch, { recursive: true }));
mkdirSync(join(scratch, 'src'));
for (const name of ['src/main.go', 'notes.md', 'app.env']) writeFileSync(join(scratch, name), '');
symlinkSync('../../../etc/passwd', join(scratch, 'dangling'));
symlinkSync('notes.md', join(scratch, 'readme'));
const tree = openFolder(scratch, { uidGid: 'root', ignore: compileIgnore('*.md\n\nsrc/*.go\n') });

describe('a source that is not there', () => {
  const table: [source: string, message: string, hint: string][] = [
    [
      'notes.md',
      '"/notes.md": not found: excluded by .dockerignore line 1: *.md',
      'add a line "!notes.md" at the end of the ignore file to take it in after all',
    ],
    [
      './src/../src/main.go/',
      '"/src/main.go": not found: excluded by .dockerignore line 3: src/*.go',
      'add a line "!src/main.go" at the end of the ignore file to take it in after all',
    ],
    [
      'readme',
      '"/readme": not found: excluded by .dockerignore line 1: *.md',
      'add a line "!notes.md" at the end of the ignore file to take it in after all',
    ],
    [
      'dangling',
      '"/dangling": not found: it is a symbolic link to "../../../etc/passwd"',
      'links are resolved inside the source; make the file it points to part of it',
    ],
    ['ap.env', '"/ap.env": not found', 'did you mean "app.env"?'],
    ['scr/main.c', '"/scr/main.c": not found', 'did you mean "src"?'],
    [
      'src/other.c',
      '"/src/other.c": not found',
      '"/src" has no "other.c"; paths are relative to the root of the source',
    ],
    [
      '/home/me/project',
      '"/home/me/project": not found',
      'the source has no "home"; paths are relative to the root of the source',
    ],
    ['app.env/x', '"/app.env/x": not found', '"/app.env" is no directory'],
  ];
  for (const [source, message, hint] of table) {
    it(source, async () => {
      const request = { sources: [source], keepsParents: false, excludes: [], heredocs: [] };
      const failure = await selectFiles(tree, request).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StepError);
      expect(failure).toMatchObject({ code: 'source-not-found', message, hint });
    });
  }
});
