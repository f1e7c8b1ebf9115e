/** A base of many files, made of this machine's own /usr, in a registry on loopback. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Base, baseName } from './builders/builder.ts';
import { endDaemon, startDaemon, versionOf } from './builders/processes.ts';

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

/** Starts Debian's docker-registry, or another of the name `registry`; undefined when there is none. */
export async function startRegistry(dir: string): Promise<Registry | undefined> {
  const program = ['docker-registry', 'registry'].find(
    (name) => versionOf(name, ['--version']) !== undefined,
  );
  if (program === undefined) return undefined;
  const home = join(dir, 'registry');
  mkdirSync(home);
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(home, 'data') } },
    http: { addr: host, secret: 'only for benchmarks' },
  };
  // JSON is YAML.
  writeFileSync(join(home, 'config.yml'), JSON.stringify(config));
  const answers = () =>
    fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
  const daemon = await startDaemon(program, ['serve', join(home, 'config.yml')], home, answers);
  return { host, close: () => endDaemon(daemon, home) };
}

/** Pushes a base with about `bytes` of files behind a busybox; says its reference. */
export function pushBigBase(project: string, dir: string, base: Base, host: string, bytes: number): string {
  const context = join(dir, 'big-base');
  mkdirSync(context);
  const list = join(dir, 'big-base-files');
  writeFileSync(list, filesOf('/usr', bytes).join('\0'));
  const tar = join(context, 'files.tar');
  execFileSync('tar', ['--null', '-C', '/', '-cf', tar, '-T', list], { stdio: 'ignore' });
  writeFileSync(join(context, 'Dockerfile'), `FROM ${baseName}\nADD files.tar /\n`);
  const reference = `${host}/bench/base:latest`;
  const build = ['build', '--root', join(dir, 'big-base-store')];
  const strata = join(project, 'bin/strata');
  execFileSync(strata, [...build, '-t', baseName, base.context], { stdio: 'ignore' });
  execFileSync(strata, [...build, '-t', reference, '--push', context], { stdio: 'ignore' });
  return reference;
}

/** Paths of regular files and links beneath a directory, in the order of their names, until they are enough. */
function filesOf(top: string, bytes: number): string[] {
  const found: string[] = [];
  let left = bytes;
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort(byName)) {
      if (left <= 0) return;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isSymbolicLink()) found.push(path.slice(1));
      else if (entry.isFile()) {
        const { size } = lstatSync(path);
        // A distribution's base has no huge files.
        if (size > 16e6) continue;
        found.push(path.slice(1));
        left -= size;
      }
    }
  };
  // Small files first, as programs come with: documents, then what they are about.
  for (const name of ['share/doc', 'share/perl', 'share/zoneinfo', 'bin', 'sbin', 'lib', 'share']) {
    try {
      visit(join(top, name));
    } catch {
      // Not every machine has all of them.
    }
  }
  return [...new Set(found)];
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
