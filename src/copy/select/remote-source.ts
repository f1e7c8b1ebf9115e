/**
 * A source of ADD that is fetched: a URL or a git repository (Dockerfile reference, 3.7). It can often be said what it
 * holds now without fetching it, by what was learnt when it was fetched before.
 */
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gitAuthorization, type ServerAccess, urlAuthorization } from '../../context/authorization.ts';
import { openFolder } from '../../context/folder.ts';
import { checkCommit, checkOutGit } from '../../context/git/checkout.ts';
import { type GitReference, parseGitReference, withoutCredentials } from '../../context/git/reference.ts';
import { type GitOptions, resolveGit } from '../../context/git/resolve.ts';
import { type Download, downloadFile, downloadIfChanged } from '../../context/http/download.ts';
import { bytePathFromText } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { isUrl } from '../../core/remote-name.ts';
import type { SelectedSource } from '../selection.ts';
import { selectFiles } from './select.ts';

export interface RemoteSource {
  /** What the source holds now, in a word that no other content has; undefined where only fetching it tells. */
  identify(signal: AbortSignal | undefined): Promise<string | undefined>;
  /** Brings what `identify` said, if it was asked, into an empty directory that its owner removes. */
  fetch(directory: string, signal: AbortSignal | undefined): Promise<readonly SelectedSource[]>;
}

export interface RemoteRequest {
  /** `sha256:…` for a URL, the beginning of the commit id for a repository. */
  readonly checksum?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
  readonly excludes: readonly string[];
}

export interface RemoteServices {
  /** An empty directory for what is fetched; its owner removes it once the layer is written. */
  scratch(): string;
  readonly servers: ServerAccess;
  /** What was kept about a URL by an earlier build. */
  recall(url: string): string | undefined;
  remember(url: string, fact: string): Promise<void>;
}

/**
 * Tells what is fetched from what is local: then undefined.
 * @throws StepError `bad-git-reference`
 */
export function openRemote(
  source: string,
  request: RemoteRequest,
  services: RemoteServices,
): RemoteSource | undefined {
  const reference = parseGitReference(source);
  if (reference !== undefined) return openRepository(reference, request, services.servers);
  return isUrl(source) ? openUrl(source, request, services) : undefined;
}

function openRepository(
  named: GitReference,
  { checksum, keepGitDir, excludes }: RemoteRequest,
  { secret, proxy, secureContext }: ServerAccess,
): RemoteSource {
  const reference = { ...named, checksum: checksum ?? named.checksum };
  const remote = withoutCredentials(reference.remote);
  const { keepsGitDirectory, hasCommitTimes = false } = reference;
  if (keepsGitDirectory !== undefined && keepGitDir !== undefined && keepsGitDirectory !== keepGitDir) {
    throw new StepError('bad-git-reference', `inconsistent keep-git-dir configuration for ${remote}`, {
      hint: 'the option in the URL and --keep-git-dir say different things: leave one out',
    });
  }
  const options = (signal: AbortSignal | undefined): GitOptions => ({
    keepsGitDirectory: keepGitDir ?? keepsGitDirectory ?? false,
    hasCommitTimes,
    proxy,
    secureContext,
    authorization: gitAuthorization(reference.remote, secret),
    signal,
  });
  let commit: string | undefined;
  return {
    async identify(signal) {
      commit ??= await resolveGit(reference, options(signal));
      if (commit === undefined) return undefined;
      checkCommit(reference, commit);
      const { subdirectory, takesSubmodules } = reference;
      const keeps = options(signal).keepsGitDirectory;
      return JSON.stringify(['git', remote, commit, subdirectory, takesSubmodules, keeps, hasCommitTimes]);
    },
    async fetch(directory, signal) {
      const checkout = await checkOutGit(reference, directory, options(signal), commit);
      const root = openFolder(checkout.directory, { uidGid: 'root' });
      const files = { sources: ['.'], keepsParents: false, excludes, heredocs: [] };
      return (await selectFiles(root, files)).sources;
    },
  };
}

function openUrl(url: string, { checksum }: RemoteRequest, services: RemoteServices): RemoteSource {
  const shown = withoutCredentials(url);
  const { secret, proxy, secureContext } = services.servers;
  const authorization = urlAuthorization(url, secret);
  const headers = authorization === undefined ? undefined : { authorization };
  const options = (signal: AbortSignal | undefined) => ({ headers, proxy, secureContext, signal });
  const fileIn = (directory: string) => join(directory, 'content');
  /** What the URL was found to hold, and the directory it is in, if it was downloaded for that. */
  let found: Download | undefined;
  let place: string | undefined;

  const learn = async (download: Download, directory: string): Promise<Download> => {
    place = directory;
    verify(shown, download, checksum);
    await services.remember(url, JSON.stringify(download));
    return download;
  };
  const find = async (signal: AbortSignal | undefined): Promise<Download> => {
    const fact = services.recall(url);
    const known = fact === undefined ? undefined : (JSON.parse(fact) as Download);
    if (known !== undefined && checksum === `sha256:${known.hex}`) return known;
    const directory = services.scratch();
    if (known === undefined)
      return learn(await downloadFile(url, fileIn(directory), options(signal)), directory);
    const { validators } = known;
    const got = await downloadIfChanged(url, fileIn(directory), validators, options(signal));
    if (got !== undefined) return learn(got, directory);
    verify(shown, known, checksum);
    return known;
  };
  return {
    async identify(signal) {
      found ??= await find(signal);
      return JSON.stringify(['url', found.name, found.lastModified, found.hex]);
    },
    async fetch(directory, signal) {
      found ??= await find(signal);
      if (place === undefined) {
        mkdirSync(directory);
        const got = await downloadFile(url, fileIn(directory), options(signal));
        // The key of the step says what was there a moment ago.
        verify(shown, got, `sha256:${found.hex}`);
        place = directory;
      }
      utimesSync(fileIn(place), found.lastModified, found.lastModified);
      const files = { sources: ['content'], keepsParents: false, excludes: [], heredocs: [] };
      const { sources } = await selectFiles(openFolder(place, { uidGid: 'root' }), files);
      return sources.map((source) =>
        source.kind === 'file'
          ? { ...source, name: bytePathFromText(found?.name ?? ''), isDownload: true }
          : source,
      );
    },
  };
}

function verify(shown: string, { hex }: Download, checksum: string | undefined): void {
  if (checksum === undefined || checksum === `sha256:${hex}`) return;
  throw new StepError('url-checksum', `${shown} has the digest sha256:${hex}, expected ${checksum}`, {
    hint: 'the file changed, or the checksum is that of another one',
  });
}
