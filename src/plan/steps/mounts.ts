import type { Word } from '../../dockerfile/instruction.ts';
import type { RunMount } from '../../dockerfile/parse/mount.ts';
import { optionSpan, parseMount } from '../../dockerfile/parse/parse-mount.ts';
import { expandWord } from '../../dockerfile/words/expand.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import type { PlannedMount, SourceOrigin, VertexID } from '../vertex.ts';
import { checkUnset, placeOf, report, type StepContext } from './step-context.ts';
import { joinClean } from './workdir.ts';

interface ReadMounts {
  /** With absolute targets, outer ones before inner ones; of two on the same target the last one. */
  readonly mounts: readonly PlannedMount[];
  /** Where the first ssh mount, as written, has its socket. */
  readonly agentSocket: string | undefined;
}

/** The mounts of a RUN (spec 3.5). What `from` names is added to `sources`. */
export function readMounts(context: StepContext, words: readonly Word[], sources: VertexID[]): ReadMounts {
  const byTarget = new Map<string, PlannedMount>();
  const withoutTarget: PlannedMount[] = [];
  let agents = 0;
  let agentSocket: string | undefined;
  for (const word of words) {
    const mount = readMount(context, word, agents, sources);
    if (mount === undefined) continue;
    if (mount.type === 'ssh') {
      agents++;
      agentSocket ??= mount.target;
    }
    if (mount.target === undefined) withoutTarget.push(mount);
    else byTarget.set(mount.target, mount);
  }
  const sorted = [...byTarget].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mount]) => mount);
  return { mounts: [...sorted, ...withoutTarget], agentSocket };
}

function readMount(
  context: StepContext,
  word: Word,
  agents: number,
  sources: VertexID[],
): PlannedMount | undefined {
  const { scope } = context.state;
  let isKnown = true;
  const read = parseMount(word, agents, (raw) => {
    const expansion = expandWord(raw, lookupIn(scope), context.escape);
    if (expansion.ok) {
      checkUnset(context, expansion.unset, word);
      isKnown &&= !holdsUnknown(scope, expansion.value);
    }
    return expansion;
  });
  if (!read.ok) {
    if (isKnown) report(context, 'bad-mount', read.message, read.span, read.help);
    return undefined;
  }
  const mount = inNamespace(context, read.mount);
  if (!('id' in mount) || !holdsUnknown(scope, mount.id))
    context.taken.mounts.push({ mount, span: placeOf(context, word.span) });
  if (!isKnown) return undefined;
  const origin = originOf(context, mount, word, sources);
  if (mount.target === undefined) return { ...mount, origin };
  const target = joinClean(mount.target.startsWith('/') ? '' : context.state.config.workingDir, mount.target);
  if (target === '/') {
    const span = optionSpan(word, ['target', 'dst', 'destination']);
    report(context, 'bad-mount', 'invalid mount target "/"', span, 'give the mount a target below /');
    return undefined;
  }
  return { ...mount, target, origin };
}

function originOf(context: StepContext, mount: RunMount, word: Word, sources: VertexID[]): SourceOrigin {
  if (mount.type !== 'bind' && mount.type !== 'cache') return { kind: 'empty' };
  if (mount.from !== undefined)
    return context.originOf(
      { by: 'mount', text: mount.from, span: placeOf(context, optionSpan(word, ['from'])) },
      sources,
    );
  return mount.type === 'bind' ? { kind: 'context', name: '' } : { kind: 'empty' };
}

/** BUILDKIT_CACHE_MOUNT_NS keeps the caches of several projects apart (spec 2.8). */
function inNamespace({ request }: StepContext, mount: RunMount): RunMount {
  const namespace = request.buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '';
  if (mount.type !== 'cache' || namespace === '') return mount;
  return { ...mount, id: `${namespace}/${mount.id}` };
}
