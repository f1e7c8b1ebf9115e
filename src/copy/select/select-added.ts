/** The sources of ADD: what COPY takes, and URLs and git repositories (Dockerfile reference, 3.7). */
import { join } from 'node:path';
import type { FileTree } from '../../core/file-tree.ts';
import type { OnFound, SelectedSource, Selection, SelectRequest } from '../selection.ts';
import { openRemote, type RemoteRequest, type RemoteServices, type RemoteSource } from './remote-source.ts';
import { selectFiles } from './select.ts';

export type AddRequest = SelectRequest & RemoteRequest;

export interface AddedFiles {
  /** Names what will be selected without fetching it; undefined where that cannot be done. */
  identify(signal?: AbortSignal): Promise<readonly string[] | undefined>;
  /** Selects the files that ADD takes from `tree`, after fetching what is not local. */
  select(tree: FileTree, signal?: AbortSignal, onFound?: OnFound): Promise<Selection>;
}

/**
 * Opens the sources of an ADD. Both functions throw StepError `source-not-found`, `bad-pattern`, `bad-git-reference`,
 * `git-checksum`, `url-checksum`, `no-such-directory`; RemoteError; HostError.
 */
export function openAdded(request: AddRequest, services: RemoteServices): AddedFiles {
  let opened: readonly (RemoteSource | undefined)[] | undefined;
  const remotes = () => {
    opened ??= request.sources.map((source) => openRemote(source, request, services));
    return opened;
  };
  return {
    async identify(signal) {
      if (request.heredocs.length > 0) return undefined;
      const words: string[] = [];
      for (const remote of remotes()) {
        const word = await remote?.identify(signal);
        if (word === undefined) return undefined;
        words.push(word);
      }
      return words;
    },
    async select(tree, signal, onFound) {
      const scratch = services.scratch();
      const sources: SelectedSource[] = [];
      for (const [argument, source] of request.sources.entries()) {
        const fetched = await remotes()[argument]?.fetch(join(scratch, `added-${argument}`), signal);
        const local = async () =>
          (await selectFiles(tree, { ...request, sources: [source], heredocs: [] }, onFound)).sources;
        for (const one of fetched ?? (await local())) sources.push({ ...one, argument });
      }
      return { sources, heredocs: request.heredocs };
    },
  };
}
