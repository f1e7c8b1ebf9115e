import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkOutGit } from '../../../src/context/git/checkout.ts';
import { type GitReference, parseGitReference } from '../../../src/context/git/reference.ts';
import { resolveGit } from '../../../src/context/git/resolve.ts';
import { StrataError } from '../../../src/core/errors.ts';
import { gitServer } from '../../support/git-server.ts';
import { listenOnLoopback } from '../../support/loopback.ts';

const plain = {
  ref: undefined,
  subdirectory: '',
  checksum: undefined,
  keepsGitDirectory: undefined,
  takesSubmodules: true,
  hasCommitTimes: undefined,
};

describe('what is a git reference', () => {
  const table: [text: string, want: Partial<GitReference>][] = [
    ['https://example.com/u/r.git', { remote: 'https://example.com/u/r.git' }],
    ['http://example.com/r.git#v1', { remote: 'http://example.com/r.git', ref: 'v1' }],
    ['https://example.com/r.git#main:sub/dir', { ref: 'main', subdirectory: 'sub/dir' }],
    ['https://example.com/r.git#:sub', { subdirectory: 'sub' }],
    ['https://example.com/r.git#', {}],
    ['git://example.com/r', { remote: 'git://example.com/r' }],
    ['ssh://git@example.com:22/r#x', { remote: 'ssh://git@example.com:22/r', ref: 'x' }],
    ['git@example.com:u/r.git#dev:a', { remote: 'git@example.com:u/r.git', ref: 'dev', subdirectory: 'a' }],
    [
      'https://example.com/r.git?ref=v2&subdir=a',
      { remote: 'https://example.com/r.git', ref: 'v2', subdirectory: 'a' },
    ],
    ['https://example.com/r.git?branch=v2', { ref: 'refs/heads/v2' }],
    ['https://example.com/r.git?tag=v2', { ref: 'refs/tags/v2' }],
    ['https://example.com/r.git?checksum=0123abc', { checksum: '0123abc' }],
    ['https://example.com/r.git?commit=0123abc#v2', { checksum: '0123abc', ref: 'v2' }],
    [
      'https://example.com/r.git?keep-git-dir=true&submodules=false',
      { keepsGitDirectory: true, takesSubmodules: false },
    ],
    [
      'https://example.com/r.git?keep-git-dir&submodules=F',
      { keepsGitDirectory: true, takesSubmodules: false },
    ],
    ['https://example.com/r.git?fetch-by-commit=true&commit=0123abc', { checksum: '0123abc' }],
    ['https://example.com/r.git?mtime=commit', { hasCommitTimes: true }],
    ['https://example.com/r.git?mtime=checkout', { hasCommitTimes: false }],
    ['https://example.com/r.git?ref=a&subdir=b#a:b', { ref: 'a', subdirectory: 'b' }],
    ['git@example.com:u/r.git?ref=v1', { remote: 'git@example.com:u/r.git', ref: 'v1' }],
  ];
  for (const [text, want] of table) {
    it(text, () => expect(parseGitReference(text)).toEqual({ ...plain, remote: expect.anything(), ...want }));
  }

  for (const text of [
    'github.com/user/repo',
    'https://github.com/u/r',
    'https://example.com/r.gitx',
    'https://example.com/x?y=r.git',
    './git@host:path',
    '../r.git',
    'dir/file',
    'a:b',
    'file:///srv/r.git',
    'ftp://host/r.git',
  ]) {
    it(`not ${text}`, () => expect(parseGitReference(text)).toBeUndefined());
  }

  it('github.com/user/repo as the main context only', () => {
    expect(parseGitReference('github.com/user/repo#v1:x', true)).toEqual({
      ...plain,
      remote: 'https://github.com/user/repo',
      ref: 'v1',
      subdirectory: 'x',
    });
  });

  const problems: [text: string, message: string][] = [
    ['https://example.com/r.git?ref=a#b', 'it names the ref twice'],
    ['https://example.com/r.git?tag=a&branch=b', 'it names the ref twice'],
    ['https://example.com/r.git?subdir=a#:b', 'it names the subdirectory twice'],
    ['https://example.com/r.git?what=a', 'there is no option "what"'],
    ['https://example.com/r.git?ref=a&ref=a', 'the option "ref" is given twice'],
    ['https://example.com/r.git?ref', 'the option "ref" has no value'],
    ['https://example.com/r.git?submodules=maybe', 'the option "submodules" is "maybe", not true or false'],
    [
      'https://example.com/r.git?fetch-by-commit=maybe',
      'the option "fetch-by-commit" is "maybe", not true or false',
    ],
    ['https://example.com/r.git?mtime=now', 'the option "mtime" is "now", not commit or checkout'],
    ['https://example.com/r.git?checksum=hello', '"hello" is no commit id'],
    ['https://example.com/r.git#--upload-pack=x', '"--upload-pack=x" is no ref'],
  ];
  for (const [text, message] of problems) {
    it(`${text}: ${message}`, () => {
      expect(() => parseGitReference(text)).toThrow(expect.objectContaining({ code: 'bad-git-reference' }));
      expect(() => parseGitReference(text)).toThrow(`"${text}": ${message}`);
    });
  }

  it('credentials are no part of messages', () => {
    expect(() => parseGitReference('https://me:secret@example.com/r.git?x=1')).toThrow(
      '"https://***@example.com/r.git?x=1"',
    );
  });
});

describe('a checkout', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-git-'));
  const origin = join(scratch, 'origin');
  const commits: Record<string, string> = {};
  let server: Server;
  let url = '';

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', origin, '-c', 'user.name=n', '-c', 'user.email=e', ...args], {
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).trim();
  const commit = (name: string, content: string): void => {
    mkdirSync(join(origin, 'sub/deep'), { recursive: true });
    writeFileSync(join(origin, 'sub/deep/file'), content);
    writeFileSync(join(origin, 'run'), '#!/bin/sh\n', { mode: 0o755 });
    git('add', '-A');
    git('commit', '-qm', name);
    commits[name] = git('rev-parse', 'HEAD');
  };

  beforeAll(async () => {
    mkdirSync(origin);
    git('init', '-q', '-b', 'main');
    commit('one', '1');
    git('tag', '-a', 'v1', '-m', 'annotated');
    git('tag', 'both');
    commit('two', '2');
    git('branch', 'both');
    git('checkout', '-qb', 'topic/x');
    commit('three', '3');
    git('checkout', '-q', 'main');
    git('update-server-info');
    server = gitServer(origin);
    url = `http://${await listenOnLoopback(server)}/r.git`;
  });
  afterAll(() => {
    server.close();
    rmSync(scratch, { recursive: true });
  });

  let count = 0;
  const check = (reference: Partial<GitReference>, keepsGitDirectory = false) =>
    checkOutGit({ ...plain, remote: `file://${origin}`, ...reference }, join(scratch, `out-${count++}`), {
      keepsGitDirectory,
    });

  const table: [title: string, ref: string | undefined, commit: string, content: string][] = [
    ['the default', undefined, 'two', '2'],
    ['a branch', 'topic/x', 'three', '3'],
    ['an annotated tag', 'v1', 'one', '1'],
    ['a branch before a tag of its name', 'both', 'two', '2'],
    ['a full ref', 'refs/tags/both', 'one', '1'],
  ];
  for (const [title, ref, name, content] of table) {
    for (const remote of ['file', 'http']) {
      it(`${title} (${remote})`, async () => {
        const reference = { ref, ...(remote === 'http' ? { remote: url } : {}) };
        const { directory, commit: id } = await check(reference);
        expect(id).toBe(commits[name]);
        expect(readFileSync(join(directory, 'sub/deep/file'), 'utf8')).toBe(content);
        const options = { keepsGitDirectory: false };
        expect(await resolveGit({ ...plain, remote: `file://${origin}`, ...reference }, options)).toBe(id);
      });
    }
  }

  it('a commit, and a shortened one', async () => {
    expect((await check({ ref: commits.one })).commit).toBe(commits.one);
    expect((await check({ ref: commits.one?.slice(0, 10) })).commit).toBe(commits.one);
    expect((await check({ remote: url, ref: commits.one })).commit).toBe(commits.one);
  });

  it('a subdirectory', async () => {
    expect(readdirSync((await check({ subdirectory: '/sub/./deep/' })).directory)).toEqual(['file']);
    await expect(check({ subdirectory: 'run' })).rejects.toMatchObject({ code: 'no-such-directory' });
    expect(readdirSync((await check({ subdirectory: '../..' })).directory)).toEqual(['run', 'sub']);
  });

  it('is as old as its commit, and its files are, where that was asked for', async () => {
    const reference = { ...plain, remote: `file://${origin}` };
    const options = { keepsGitDirectory: false, hasCommitTimes: true };
    const { directory, committedAt } = await checkOutGit(reference, join(scratch, 'dated'), options);
    const time = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: origin, encoding: 'utf8' }).trim();
    expect(committedAt).toBe(Number(time));
    const times = ['', 'sub', 'sub/deep/file'].map((name) => statSync(join(directory, name)).mtimeMs / 1000);
    expect(times).toEqual([committedAt, committedAt, committedAt]);
  });

  it('has its submodules, and theirs, unless they are not wanted', async () => {
    const at = (name: string, ...args: string[]) =>
      execFileSync('git', ['-C', join(scratch, name), '-c', 'user.name=n', '-c', 'user.email=e', ...args], {
        encoding: 'utf8',
      }).trim();
    /** A repository with a file of its name and, as `lib`, the one before it. */
    const make = (name: string, submodule?: readonly [name: string, commit: string]): string => {
      mkdirSync(join(scratch, name));
      at(name, 'init', '-q', '-b', 'main');
      writeFileSync(join(scratch, name, name), name);
      if (submodule !== undefined) {
        const text = `[submodule "lib"]\n\tpath = lib\n\turl = ../${submodule[0]}\n`;
        writeFileSync(join(scratch, name, '.gitmodules'), text);
        at(name, 'update-index', '--add', '--cacheinfo', `160000,${submodule[1]},lib`);
        mkdirSync(join(scratch, name, 'lib'));
      }
      at(name, 'add', '.');
      at(name, 'commit', '-qm', name);
      return at(name, 'rev-parse', 'HEAD');
    };
    make('outer', ['middle', make('middle', ['inner', make('inner')])]);
    // Where submodules come from a local path, git asks for this.
    vi.stubEnv('GIT_ALLOW_PROTOCOL', 'file');
    const remote = `file://${scratch}/outer`;
    const whole = readdirSync((await check({ remote })).directory, { recursive: true }).sort();
    expect(whole).toEqual([
      '.gitmodules',
      ...['lib', 'lib/.gitmodules', 'lib/lib', 'lib/lib/inner', 'lib/middle', 'outer'],
    ]);
    const { directory } = await check({ remote, takesSubmodules: false });
    expect(readdirSync(directory, { recursive: true }).sort()).toEqual(['.gitmodules', 'lib', 'outer']);
    vi.unstubAllEnvs();
  });

  it('has its .git only when it is to be kept', async () => {
    expect(readdirSync((await check({})).directory)).toEqual(['run', 'sub']);
    expect(readdirSync((await check({}, true)).directory)).toEqual(['.git', 'run', 'sub']);
  });

  it('has modes that no umask changed', async () => {
    const before = process.umask(0o077);
    try {
      const { directory } = await check({});
      const modes = ['run', 'sub', 'sub/deep/file'].map(
        (name) => statSync(join(directory, name)).mode & 0o7777,
      );
      expect(modes).toEqual([0o755, 0o755, 0o644]);
    } finally {
      process.umask(before);
    }
  });

  it('a checksum must be that of the commit', async () => {
    expect((await check({ checksum: commits.two?.slice(0, 12) })).commit).toBe(commits.two);
    await expect(check({ checksum: commits.one })).rejects.toMatchObject({
      code: 'git-checksum',
      message: `file://${origin} is at commit ${commits.two}, expected ${commits.one}`,
    });
  });

  const failures: [title: string, reference: Partial<GitReference>, code: string][] = [
    ['no such ref', { ref: 'nothing' }, 'no-such-ref'],
    ['no such repository', { remote: `file://${scratch}/none` }, 'git-failed'],
    ['nobody there', { remote: 'http://127.0.0.1:1/r.git' }, 'git-failed'],
  ];
  for (const [title, reference, code] of failures) {
    it(title, async () => {
      const failure = await check(reference).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StrataError);
      expect(failure).toMatchObject({ code });
    });
  }
});
