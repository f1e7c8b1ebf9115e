import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../../src/context/folder.ts';
import { type PlaceRequest, placeFiles } from '../../../src/copy/place.ts';
import { type AddRequest, openAdded } from '../../../src/copy/select/select-added.ts';
import { openArchives } from '../../../src/copy/unpack.ts';
import { StrataError } from '../../../src/core/errors.ts';
import { emptyTree } from '../../../src/core/file-tree.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { listenOnLoopback } from '../../support/loopback.ts';
import { digestOf } from '../digest-of.ts';
import { applyEntries, difference } from '../tree-text.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-added-'));
const context = join(scratch, 'context');
const repository = join(scratch, 'web/r.git');
let server: Server;
let base = '';
let archive: Buffer;
const asked: string[] = [];
let tag = 1;
let modified = 'Wed, 21 Oct 2015 07:28:00 GMT';

beforeAll(async () => {
  mkdirSync(join(context, 'd'), { recursive: true });
  writeFileSync(join(context, 'local'), 'local');
  writeFileSync(join(context, 'd/f'), 'f', { mode: 0o640 });
  archive = execFileSync('tar', ['-C', context, '--owner=5', '--group=6', '-cz', 'd/f']);
  const work = join(scratch, 'work');
  mkdirSync(join(work, 'sub'), { recursive: true });
  writeFileSync(join(work, 'sub/code.c'), 'code');
  writeFileSync(join(work, 'sub/notes.md'), 'notes');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e', ...args], { cwd: work, stdio: 'pipe' });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  git('clone', '-q', '--bare', work, repository);
  execFileSync('git', ['update-server-info'], { cwd: repository });
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    const file = join(scratch, 'web', path);
    if (existsSync(file) && statSync(file).isFile()) response.end(readFileSync(file));
    else if (path === '/a.tgz') response.writeHead(200, { 'last-modified': modified }).end(archive);
    else if (path === '/tagged') {
      asked.push(request.headers['if-none-match'] ?? 'all');
      if (request.headers['if-none-match'] === `"${tag}"`) response.writeHead(304).end();
      else response.writeHead(200, { etag: `"${tag}"` }).end(`content ${tag}`);
    } else if (path === '/text') response.end(request.headers.authorization ?? 'nobody');
    else response.writeHead(404).end();
  });
  base = `http://${await listenOnLoopback(server)}`;
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

let count = 0;
function directory(): string {
  const path = join(scratch, `own-${count++}`);
  mkdirSync(path);
  return path;
}

/** What a build keeps about URLs for the next one. */
const facts = new Map<string, string>();
const secrets = new Map([['HTTP_AUTH_TOKEN_127.0.0.1', 'x\n']]);

function open(sources: string[], request: Partial<AddRequest> = {}) {
  const whole = {
    sources: sources.map((source) => source.replace('BASE', base)),
    keepsParents: false,
    excludes: [],
    heredocs: [],
    ...request,
  };
  return openAdded(whole, {
    scratch: directory,
    servers: {
      secret: (id) => (secrets.has(id) ? Buffer.from(secrets.get(id) ?? '') : undefined),
      proxy: {},
    },
    recall: (url) => facts.get(url),
    remember: async (url, fact) => void facts.set(url, fact),
  });
}

const select = (sources: string[], request: Partial<AddRequest> = {}) =>
  open(sources, request).select(openFolder(context, { uidGid: 'root' }));

type Added = Partial<AddRequest> & Pick<PlaceRequest, 'owner' | 'mode'>;

async function add(
  sources: string[],
  dest: string,
  { owner, mode, ...request }: Added = {},
  unpack?: boolean,
) {
  const selection = await openArchives(await select(sources, request), unpack, directory());
  const createdAt = { seconds: 1, nanoseconds: 0 };
  return placeFiles(selection, emptyTree, { dest, owner, mode, isLink: false, createdAt });
}

const lines = (entries: Iterable<LayerEntry>): string[] =>
  difference(new Map(), applyEntries(new Map(), entries));

describe('a URL', () => {
  it('is a file 0600 of root with the time the server says', async () => {
    const entries = [...(await add(['BASE/a.tgz'], '/x/'))];
    expect(entries[1]).toMatchObject({ path: 'x/a.tgz', mode: 0o600, uid: 0, gid: 0, size: archive.length });
    expect(entries[1]).toMatchObject({ mtime: { seconds: 1_445_412_480, nanoseconds: 0 } });
  });

  it('has the time 0 when the server says none, and is the destination without a slash', async () => {
    const [entry] = await add(['BASE/text'], '/file');
    expect(entry).toMatchObject({ path: 'file', mtime: { seconds: 0, nanoseconds: 0 } });
  });

  it('has the mode and the owner that the flags say', async () => {
    const flags = { owner: '3:4', mode: '644' };
    expect(lines(await add(['BASE/text'], '/d/', flags))).toEqual([
      'd 644 3:4 /',
      'd/text 644 3:4 =Bearer x',
    ]);
  });

  it('is unpacked only on demand, and then a local archive may stay packed', async () => {
    const unpacked = ['x 755 0:0 /', 'x/d 755 0:0 /', 'x/d/f 640 5:6 =f'];
    expect(lines(await add(['BASE/a.tgz'], '/x/', {}, true))).toEqual(unpacked);
    writeFileSync(join(context, 'l.tgz'), archive);
    expect(lines(await add(['l.tgz'], '/x/'))).toEqual(unpacked);
    expect([...(await add(['l.tgz'], '/x/', {}, false))].map((e) => e.path)).toEqual(['x', 'x/l.tgz']);
    rmSync(join(context, 'l.tgz'));
  });

  it('gets the authorization it is given', async () => {
    expect(lines(await add(['BASE/text'], '/t'))).toEqual(['t 600 0:0 =Bearer x']);
  });

  it('must have the checksum that was asked for', async () => {
    const hex = createHash('sha256').update(archive).digest('hex');
    expect((await select(['BASE/a.tgz'], { checksum: `sha256:${hex}` })).sources.length).toBe(1);
    const wrong = `sha256:${'0'.repeat(64)}`;
    const failure = await select(['BASE/a.tgz'], { checksum: wrong }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StrataError);
    expect(failure).toMatchObject({
      code: 'url-checksum',
      message: `${base}/a.tgz has the digest sha256:${hex}, expected ${wrong}`,
    });
  });

  it('is keyed by name, content and time', async () => {
    const digest = async (source: string) => (await digestOf(await select([source]))).digest;
    const before = await digest('BASE/a.tgz');
    expect(await digest('BASE/a.tgz?other=query')).toBe(before);
    modified = 'Wed, 21 Oct 2015 07:28:01 GMT';
    expect(await digest('BASE/a.tgz')).not.toBe(before);
  });
});

describe('a URL that was fetched before', () => {
  const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

  it('is asked whether it changed, and fetched when it did', async () => {
    const first = await open(['BASE/tagged']).identify();
    expect(await open(['BASE/tagged']).identify()).toEqual(first);
    tag = 2;
    const changed = open(['BASE/tagged']);
    expect(await changed.identify()).not.toEqual(first);
    expect((await changed.select(emptyTree)).sources).toMatchObject([{ name: 'tagged', isDownload: true }]);
    expect(asked.splice(0)).toEqual(['all', '"1"', '"1"']);
  });

  it('is fetched again where the files are needed though nothing changed', async () => {
    const files = open(['BASE/tagged']);
    await files.identify();
    const [source] = (await files.select(emptyTree)).sources;
    expect(source).toMatchObject({ kind: 'file', file: { stat: { size: 9 } } });
    expect(asked.splice(0)).toEqual(['"2"', 'all']);
  });

  it('is not asked at all with the checksum it had', async () => {
    await open(['BASE/tagged'], { checksum: sha256('content 2') }).identify();
    expect(asked.splice(0)).toEqual([]);
    const other = open(['BASE/tagged'], { checksum: sha256('content 3') });
    await expect(other.identify()).rejects.toMatchObject({ code: 'url-checksum' });
    expect(asked.splice(0)).toEqual(['"2"']);
  });

  it('that changes between the question and the download fails the step', async () => {
    const files = open(['BASE/tagged']);
    await files.identify();
    tag = 3;
    await expect(files.select(emptyTree)).rejects.toMatchObject({ code: 'url-checksum' });
    asked.length = 0;
  });

  it('cannot speak for local files beside it', async () => {
    expect(await open(['local', 'BASE/tagged']).identify()).toBeUndefined();
  });
});

describe('a repository', () => {
  it('is known by its commit, without fetching it', async () => {
    const identity = await open(['BASE/r.git#main:sub']).identify();
    const commit = execFileSync('git', ['rev-parse', 'main'], { cwd: repository, encoding: 'utf8' }).trim();
    expect(identity).toEqual([JSON.stringify(['git', `${base}/r.git`, commit, 'sub', true, false, false])]);
  });

  it('gives its files, without .git', async () => {
    expect(lines(await add(['BASE/r.git#main:sub'], '/src', { excludes: ['*.md'] }))).toEqual([
      'src 755 0:0 /',
      'src/code.c 644 0:0 =code',
    ]);
  });

  it('has the mode and the owner that the flags say, as a directory of the context has', async () => {
    const flags = { owner: '3:4', mode: 'go=' };
    expect(lines(await add(['BASE/r.git'], '/src', flags))).toEqual([
      'src 755 3:4 /',
      'src/sub 700 3:4 /',
      'src/sub/code.c 600 3:4 =code',
      'src/sub/notes.md 600 3:4 =notes',
    ]);
  });

  it('keeps .git when asked to', async () => {
    const names = [...(await add(['BASE/r.git'], '/src', { keepGitDir: true }))].map((entry) => entry.path);
    // Its logs would say who built, and when.
    expect(names.filter((name) => name.startsWith('src/.git/logs'))).toEqual([]);
    expect(names).toContain('src/.git/HEAD');
  });

  it('may not be asked both ways', async () => {
    await expect(select(['BASE/r.git?keep-git-dir=false'], { keepGitDir: true })).rejects.toMatchObject({
      code: 'bad-git-reference',
      message: expect.stringContaining('inconsistent keep-git-dir configuration'),
    });
  });

  it('must be at the commit that was asked for', async () => {
    await expect(select(['BASE/r.git'], { checksum: '0123456' })).rejects.toMatchObject({
      code: 'git-checksum',
    });
  });
});

it('all kinds come in the order they were named', async () => {
  const selection = await select(['local', 'BASE/text', 'BASE/r.git', 'd']);
  expect(selection.sources.map((source) => [source.argument, source.kind])).toEqual([
    [0, 'file'],
    [1, 'file'],
    [2, 'directory'],
    [3, 'directory'],
  ]);
  expect(lines(await add(['local', 'BASE/text', 'd'], '/x/'))).toEqual([
    'x 755 0:0 /',
    'x/f 640 0:0 =f',
    'x/local 644 0:0 =local',
    'x/text 600 0:0 =Bearer x',
  ]);
});
