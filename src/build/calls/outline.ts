import type { SourceText } from '../../core/source/span.ts';
import { type Outline, outlineBuild } from '../../plan/outline/outline-build.ts';
import { type CallIO, type CallOptions, openCall } from './call.ts';
import { openStoredBases } from './stored-bases.ts';

/**
 * Lists what the target can be given: build arguments, secrets, agents, caches. Of several platforms the first
 * one counts.
 * @throws DockerfileError, HostError, UsageError, RemoteError
 */
export async function outlineDockerfile(
  options: CallOptions,
  io: CallIO,
): Promise<{ readonly outline: Outline; readonly source: SourceText }> {
  const { dockerfile, requests } = await openCall(options, io);
  const outline = await outlineBuild(requests[0], openStoredBases(options.root, io.signal));
  return { outline, source: dockerfile.source };
}
