import type { RemoteBlobs } from '../../export/push.ts';
import type { BuildSession } from '../session.ts';

/** The blobs that a build may have without their being in its store: of bases and of imported caches. */
export function remoteBlobs({ store, bases, imports, io }: BuildSession): RemoteBlobs {
  return {
    async bring(blob) {
      if (store.blobs.holds(blob)) return;
      if (bases.canFetch(blob)) await bases.fetch(blob, io.signal);
      else if (imports.canFetch(blob)) await imports.fetch(blob, io.signal);
      await imports.examine(blob);
    },
    repositoryOf: (blob) => bases.repositoryOf(blob) ?? imports.repositoryOf(blob),
  };
}
