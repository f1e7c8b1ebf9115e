/** The sources of ADD: what COPY takes, and URLs and git repositories (Dockerfile reference, 3.7). */
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type Download, downloadFile } from '../context/download.ts';
import { openFolder } from '../context/folder.ts';
import { checkOutGit } from '../context/git-checkout.ts';
import { type GitReference, parseGitReference, withoutCredentials } from '../context/git-reference.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { selectFiles } from './select.ts';
import type { SelectedSource, Selection, SelectRequest } from './selection.ts';

export interface AddRequest extends SelectRequest {
  /** `sha256:…` for a URL, the beginning of the commit id for a repository. */
  readonly checksum?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
}

export interface AddServices {
  /** An empty directory for what is fetched; its owner removes it once the layer is written. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  /** The value of an `Authorization` header for a URL, from secrets. */
  authorization?(url: string): string | undefined;
}

/**
 * Selects the files that ADD takes, after fetching what is not local.
 * @throws StepError `source-not-found`, `bad-pattern`, `bad-git-reference`, `git-checksum`, `url-checksum`,
 *   `no-such-directory`; RemoteError; HostError
 */
export async function selectAdded(
  tree: FileTree,
  request: AddRequest,
  services: AddServices,
): Promise<Selection> {
  const sources: SelectedSource[] = [];
  for (const [argument, source] of request.sources.entries()) {
    const selected = await selectOne(
      tree,
      source,
      request,
      services,
      join(services.scratch, `added-${argument}`),
    );
    for (const one of selected) sources.push({ ...one, argument });
  }
  return { sources, heredocs: request.heredocs };
}

async function selectOne(
  tree: FileTree,
  source: string,
  request: AddRequest,
  services: AddServices,
  directory: string,
): Promise<readonly SelectedSource[]> {
  const reference = parseGitReference(source);
  if (reference !== undefined) {
    const checkout = await checkOut(reference, directory, request, services);
    const root = openFolder(checkout, { uidGid: 'root' });
    return (await selectFiles(root, { ...request, sources: ['.'], heredocs: [] })).sources;
  }
  if (/^https?:\/\//.test(source)) return [await download(source, directory, request, services)];
  return (await selectFiles(tree, { ...request, sources: [source], heredocs: [] })).sources;
}

async function checkOut(
  reference: GitReference,
  directory: string,
  { checksum, keepGitDir }: AddRequest,
  { authorization, signal }: AddServices,
): Promise<string> {
  const { keepsGitDirectory } = reference;
  if (keepsGitDirectory !== undefined && keepGitDir !== undefined && keepsGitDirectory !== keepGitDir) {
    const remote = withoutCredentials(reference.remote);
    throw new StepError('bad-git-reference', `inconsistent keep-git-dir configuration for ${remote}`, {
      hint: 'the option in the URL and --keep-git-dir say different things: leave one out',
    });
  }
  const header = authorization?.(reference.remote);
  const checkout = await checkOutGit({ ...reference, checksum: checksum ?? reference.checksum }, directory, {
    keepsGitDirectory: keepGitDir ?? keepsGitDirectory ?? false,
    header: header === undefined ? undefined : `Authorization: ${header}`,
    signal,
  });
  return checkout.directory;
}

/** A file 0600 of root, as old as the server says. */
async function download(
  url: string,
  directory: string,
  { checksum }: AddRequest,
  { authorization, signal }: AddServices,
): Promise<SelectedSource> {
  mkdirSync(directory);
  const file = 'content';
  const header = authorization?.(url);
  const headers = header === undefined ? undefined : { authorization: header };
  const got = await downloadFile(url, join(directory, file), { headers, signal });
  verify(url, got, checksum);
  utimesSync(join(directory, file), got.lastModified, got.lastModified);
  const tree = openFolder(directory, { uidGid: 'root' });
  const [source] = (
    await selectFiles(tree, { sources: [file], keepsParents: false, excludes: [], heredocs: [] })
  ).sources;
  if (source?.kind !== 'file') throw new Error('a download is a file');
  return { ...source, name: bytePathFromText(got.name), isDownload: true };
}

function verify(url: string, { hex }: Download, checksum: string | undefined): void {
  if (checksum === undefined || checksum === `sha256:${hex}`) return;
  throw new StepError(
    'url-checksum',
    `${withoutCredentials(url)} has the digest sha256:${hex}, expected ${checksum}`,
    { hint: 'the file changed, or the checksum is that of another one' },
  );
}
