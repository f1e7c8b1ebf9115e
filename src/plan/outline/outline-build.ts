import { assert } from '../../core/assert.ts';
import type { Span } from '../../core/source/span.ts';
import { descriptionOf } from '../../dockerfile/description.ts';
import { openChecks } from '../checks.ts';
import { collectFindings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import { readFile } from '../reading/read-file.ts';
import type { Reading } from '../reading/reading.ts';
import { settleFile } from '../reading/settle-file.ts';
import type { BaseResolver } from '../resolver.ts';
import { globalArgsTaken } from './global-args-taken.ts';
import type { TakenMount } from './taken.ts';

/** What a target can be given by whoever builds it, each list in the order of the file. */
export interface Outline {
  /** Of the stage; absent when it has none. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
  readonly caches: readonly OutlineCache[];
}

export interface OutlineArg {
  readonly name: string;
  /** What it is in this build: the build argument, else the default. */
  readonly value?: string | undefined;
  readonly description?: string | undefined;
  readonly span: Span;
}

export interface OutlineMount {
  readonly id: string;
  readonly isRequired: boolean;
  /** Of the first --mount with this id. */
  readonly span: Span;
}

export interface OutlineCache {
  readonly id: string;
  readonly target: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly span: Span;
}

/**
 * Lists what the target and the stages it needs can be given. The resolver may answer `isUnknown`.
 * @throws DockerfileError; what the resolver threw
 */
export async function outlineBuild(request: PlanRequest, resolver: BaseResolver): Promise<Outline> {
  const findings = collectFindings(request);
  const checks = openChecks(request, findings);
  const settled = settleFile(request, 'target', findings);
  const reading = await readFile(settled, resolver, checks.linter, findings);
  findings.throwIfAny();
  reading.reach.images.throwMissing();
  assert(settled.target !== undefined, 'without a finding there is a target');
  const { name, from } = settled.target.stage;
  const { mounts } = reading.taken;
  return {
    name,
    description: name === undefined ? undefined : descriptionOf(name, from.comments),
    args: argsOf(reading).sort(byPlace),
    secrets: mountsOfType('secret', mounts).sort(byPlace),
    ssh: mountsOfType('ssh', mounts).sort(byPlace),
    caches: cachesOf(mounts).sort(byPlace),
  };
}

/** An ARG of a stage wins over the global one of its name, unless it only asks for that one's value. */
function argsOf(reading: Reading): OutlineArg[] {
  const { request, globals, taken } = reading;
  const declared = new Map(
    request.dockerfile.globalArgs.flatMap((instruction) =>
      instruction.args.map((arg) => [arg.name.raw, { arg, comments: instruction.comments }] as const),
    ),
  );
  const args = new Map<string, OutlineArg>();
  const takeGlobal = (name: string): void => {
    const global = declared.get(name);
    if (global === undefined) return;
    const description = descriptionOf(name, global.comments);
    args.set(name, { name, value: globals.values.get(name), description, span: global.arg.name.span });
  };
  for (const name of globalArgsTaken(reading)) takeGlobal(name);
  for (const { name, value, hasDefault, comments, span } of taken.args) {
    if (hasDefault) args.set(name, { name, value, description: descriptionOf(name, comments), span });
    else if (declared.has(name)) takeGlobal(name);
    // The automatic arguments are the builder's to give.
    else if (!globals.values.has(name) && !args.has(name)) {
      args.set(name, { name, value, description: descriptionOf(name, comments), span });
    }
  }
  return [...args.values()];
}

/** One entry for each id; required if it is anywhere. */
function mountsOfType(type: 'secret' | 'ssh', mounts: readonly TakenMount[]): OutlineMount[] {
  const byID = new Map<string, OutlineMount>();
  for (const { mount, span } of mounts) {
    if (mount.type !== type) continue;
    const first = byID.get(mount.id);
    const isRequired = mount.isRequired || first?.isRequired === true;
    byID.set(mount.id, { id: mount.id, isRequired, span: first?.span ?? span });
  }
  return [...byID.values()];
}

/** One entry for each id, as its first mount has it. */
function cachesOf(mounts: readonly TakenMount[]): OutlineCache[] {
  const byID = new Map<string, OutlineCache>();
  for (const { mount, span } of mounts) {
    if (mount.type !== 'cache' || byID.has(mount.id)) continue;
    byID.set(mount.id, { id: mount.id, target: mount.target, sharing: mount.sharing, span });
  }
  return [...byID.values()];
}

function byPlace(a: { readonly span: Span }, b: { readonly span: Span }): number {
  return a.span.start - b.span.start;
}
