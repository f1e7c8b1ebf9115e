import { DockerfileError } from '../../core/errors.ts';
import type { SourceText, Span } from '../../core/source/span.ts';
import { descriptionOf } from '../../dockerfile/description.ts';
import type { Stage } from '../../dockerfile/instruction.ts';
import { checkBuild } from '../../plan/check-build.ts';
import { type CallIO, type CallOptions, openCall } from './call.ts';
import { openStoredBases } from './stored-bases.ts';

/** A stage, as somebody who chooses a `--target` sees it. */
export interface Target {
  /** Absent for a stage without one: nobody can ask for it but by leaving `--target` out. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** It is built when no target is named. */
  readonly isDefault: boolean;
  /** Image or stage, as written. */
  readonly base: string;
  readonly platform?: string | undefined;
  readonly span: Span;
}

/**
 * Lists the stages, in the order of the file.
 * @throws DockerfileError, HostError, UsageError, RemoteError
 */
export async function listTargets(
  options: CallOptions,
  io: CallIO,
): Promise<{ readonly targets: readonly Target[]; readonly source: SourceText }> {
  const { dockerfile, requests } = await openCall(options, io);
  const [request] = requests;
  if (request.problems?.length !== 0) {
    const { errors } = await checkBuild(request, openStoredBases(options.root, io.signal));
    throw new DockerfileError(errors);
  }
  const { stages, source } = dockerfile;
  return { targets: stages.map((stage) => targetOf(stage, stages.at(-1) === stage)), source };
}

function targetOf({ name, from }: Stage, isDefault: boolean): Target {
  return {
    name,
    description: name === undefined ? undefined : descriptionOf(name, from.comments),
    isDefault,
    base: from.image.raw,
    platform: from.platform?.raw,
    span: from.span,
  };
}
