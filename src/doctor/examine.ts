/**
 * What this machine lacks for a build. Where it can be tried it is tried, by the code that builds: an overlay is
 * mounted, a step is run. What a file of the machine says is looked at for what cannot be tried, and for why
 * something failed.
 */
import { checkOwners } from '../build/store/check-owners.ts';
import { checkRoot } from '../build/store/check-root.ts';
import { claimWorkspace, listDeadRuns, listRuns, type Workspace } from '../build/store/workspace.ts';
import { stepCgroups } from '../sandbox/limits/step-cgroups.ts';
import type { OverlayChoice } from '../snapshot/mount/overlay-choice.ts';
import { findLeftovers } from '../store/leftovers/find-leftovers.ts';
import { type Finding, failedBy, ok } from './finding.ts';
import { clock } from './probes/clock.ts';
import { disk } from './probes/disk.ts';
import { emulators } from './probes/emulators.ts';
import { libraries } from './probes/libraries.ts';
import { limits } from './probes/limits.ts';
import { overlay } from './probes/overlay.ts';
import { person, type Rank } from './probes/person.ts';
import { programs } from './probes/programs.ts';
import { runtime } from './probes/runtime.ts';
import { trialStep } from './probes/trial-step.ts';

export interface Patient {
  /** The state directory. */
  readonly root: string;
  /** How the process became root, or why it could not. */
  readonly rank: Rank;
  /** The OCI runtime of builds; a name or a path. */
  readonly runtime: string;
  /** Who mounts the files of steps, if the configuration says. */
  readonly snapshotter: OverlayChoice | undefined;
  /** Reads every configuration file; throws when one is not understood. */
  readonly readConfiguration: () => void;
}

/**
 * Looks at one thing after the other, and at last for what dead builds left. The store is made where there is
 * none; nothing is taken away, not even what the next build will.
 */
export async function* examine(patient: Patient): AsyncGenerator<Finding> {
  const { root, rank } = patient;
  yield person(rank);
  yield* await programs();
  yield await runtime(patient.runtime);
  yield* libraries();
  yield configuration(patient.readConfiguration);
  yield emulators();
  // What could not become root could not limit a step, nor open the store of root of a namespace.
  if (rank.error !== undefined) return;
  yield limits();
  let workspace: Workspace;
  try {
    checkRoot(root);
    checkOwners(root);
    workspace = claimWorkspace(root);
  } catch (error) {
    yield failedBy('store', error);
    return;
  }
  try {
    yield ok('store', `${root}, ${count(listRuns(root).length - 1, 'build')} at work on it`);
    yield disk(root, workspace.scratch());
    yield clock(root);
    yield overlay(patient.snapshotter, workspace.scratch);
    yield* await trialStep(patient.runtime, workspace);
    yield* await leftovers(root);
  } finally {
    workspace.close();
  }
}

function configuration(read: () => void): Finding {
  try {
    read();
    return ok('configuration', 'every file of it is understood');
  } catch (error) {
    return failedBy('configuration', error);
  }
}

async function leftovers(root: string): Promise<Finding[]> {
  const living = new Set(listRuns(root).map(({ id }) => id));
  const found = await findLeftovers(root, (id) => living.has(id));
  // A control group of no run of this store says nothing about it.
  const isClean = found.every(({ kind }) => kind === 'cgroup');
  return [
    ...(isClean ? [ok('leftovers', whatIsSwept(listDeadRuns(root)))] : []),
    ...found.map(({ kind, text, remedy }): Finding => {
      return { name: `leftover ${kind}`, verdict: 'fail', text, remedy };
    }),
  ];
}

function whatIsSwept(dead: readonly string[]): string {
  if (dead.length === 0) return 'none in this store';
  const directories = count(dead.length, 'directory', 'directories');
  const cgroups = stepCgroups().filter(({ run }) => dead.includes(run)).length;
  const also = cgroups === 0 ? '' : ` and ${count(cgroups, 'control group')}`;
  return `none but ${directories}${also} that the next build removes`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
