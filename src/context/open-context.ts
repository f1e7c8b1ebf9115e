/** CONTEXT on the command line, whatever it is, as a directory of this machine. */
import { createReadStream, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HostError } from '../core/errors.ts';
import { isUrl } from '../core/remote-name.ts';
import { removeTrees } from '../sys/remove-tree.ts';
import { gitAuthorization, type ServerAccess, urlAuthorization } from './authorization.ts';
import { parseGitReference } from './git/reference.ts';

export interface ContextRequest {
  /** What `-` means. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Makes an empty directory for what has to be fetched or unpacked; its owner removes it after the build. */
  scratch(): string;
  /** For repositories; the reference itself may say so, too. */
  readonly keepsGitDirectory: boolean;
  /** Files of repositories are as old as their commit. */
  readonly hasCommitTimes: boolean;
  readonly servers: ServerAccess;
  readonly signal?: AbortSignal | undefined;
}

export interface Context {
  readonly directory: string;
  /** A directory of the person's own: ignore files apply to no other kind (Dockerfile reference, 5.1). */
  readonly isLocal: boolean;
  /** The whole context was a Dockerfile: the directory is empty. */
  readonly dockerfile?: Buffer;
  /** The commit a repository was at. */
  readonly commit?: string;
  /** How old it is, in seconds since the epoch, where that is more than when its files were written. */
  readonly epochSeconds?: number;
}

/**
 * Opens a context: a directory, `-` for a tar or a Dockerfile on standard input, a git reference, or the
 * URL of a tar or a Dockerfile. A directory wins over a reference that reads the same. Code that fetches or
 * unpacks is loaded only for contexts that need it.
 * @throws HostError `no-context`, and what receiving, checking out and downloading throw
 */
export async function openContext(spec: string, request: ContextRequest): Promise<Context> {
  const { signal, servers } = request;
  if (spec === '-') return received(request.stdin, request.scratch(), 'standard input', signal);
  const directory = resolve(spec);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return { directory, isLocal: true };
  const reference = parseGitReference(spec, true);
  if (reference !== undefined) {
    const keepsGitDirectory = reference.keepsGitDirectory ?? request.keepsGitDirectory;
    const { checkOutGit } = await import('./git/checkout.ts');
    const place = join(request.scratch(), 'repository');
    const hasCommitTimes = reference.hasCommitTimes ?? request.hasCommitTimes;
    const authorization = gitAuthorization(reference.remote, servers.secret);
    const { proxy, secureContext } = servers;
    const options = { keepsGitDirectory, hasCommitTimes, authorization, proxy, secureContext, signal };
    const { directory: at, commit, committedAt } = await checkOutGit(reference, place, options);
    return { directory: at, commit, epochSeconds: committedAt, isLocal: false };
  }
  if (isUrl(spec)) {
    const scratch = request.scratch();
    const file = join(scratch, 'download');
    const lastModified = await download(spec, file, servers, signal);
    const context = await received(createReadStream(file), scratch, spec, signal);
    await removeTrees([file]);
    return lastModified === 0 ? context : { ...context, epochSeconds: lastModified };
  }
  const what = stat === undefined ? 'does not exist' : 'is not a directory';
  throw new HostError('no-context', `the build context "${spec}" ${what}`, {
    hint: 'the last argument names the directory that COPY takes files from, often "."',
  });
}

/** Brings a URL into a file; seconds since the epoch that its server says it is old, else 0. */
export async function download(
  url: string,
  file: string,
  { secret, proxy, secureContext }: ServerAccess,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { downloadFile } = await import('./http/download.ts');
  const authorization = urlAuthorization(url, secret);
  const headers = authorization === undefined ? undefined : { authorization };
  return (await downloadFile(url, file, { headers, proxy, secureContext, signal })).lastModified;
}

async function received(
  chunks: AsyncIterable<Uint8Array>,
  scratch: string,
  origin: string,
  signal: AbortSignal | undefined,
): Promise<Context> {
  const { receiveContext } = await import('./archive/stream-context.ts');
  const context = await receiveContext(chunks, scratch, origin, signal);
  const { directory } = context;
  return {
    directory,
    isLocal: false,
    ...(context.kind === 'archive' ? { epochSeconds: context.newest } : { dockerfile: context.dockerfile }),
  };
}
