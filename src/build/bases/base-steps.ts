/**
 * The bases of a build as they are shown, each as the step of the FROM that names it: what is fetched and
 * unpacked of it is told, and timed, as that step's.
 */
import type { EmitEvent } from '../../core/event.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { VertexID } from '../../plan/vertex.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';

/** Something of a base that is being brought. */
export interface Bringing {
  /** As it is shown: the digest of a layer, or `extracting` and the digest. */
  readonly name: string;
  /** In bytes. */
  readonly total: number;
}

export interface BaseSteps {
  /**
   * Shows a base as a step. One that is all here is told at once, before the steps above it.
   * @param base what is the same base, in whichever stage
   * @param isRead whether its files will be needed, and not only its layers
   */
  show(base: string, id: VertexID, snapshots: readonly SnapshotID[], isRead: boolean): void;
  /** Begins the step if it has not begun. */
  begin(base: string, what: Bringing): void;
  moved(base: string, what: Bringing, bytes: number): void;
  /** Ends the steps of all bases that are complete by that. */
  done(base: string, what: Bringing): void;
  /** Ends all steps. A base of which nothing was brought was not needed, or there already. */
  finish(): void;
}

export interface BaseStepServices {
  readonly layers: Pick<LayerStore, 'isInPlace' | 'isAvailable'>;
  readonly emit: EmitEvent;
  now(): number;
}

interface ShownBase {
  /** One for each stage that begins with it; the first has what is told. */
  readonly ids: Set<VertexID>;
  readonly snapshots: readonly SnapshotID[];
  isRead: boolean;
  /** Names of what is under way. */
  readonly underWay: Set<string>;
  hasBegun: boolean;
  lastDoneAt?: number;
}

/** Tells of the bases of one build. */
export function createBaseSteps({ layers, emit, now }: BaseStepServices): BaseSteps {
  const shown = new Map<string, ShownBase>();
  /** A build that begins anew shows its steps again. */
  const ended = new Set<VertexID>();

  function isAllHere(snapshots: readonly SnapshotID[], isRead: boolean): boolean {
    return snapshots.every((each) => (isRead ? layers.isInPlace(each) : layers.isAvailable(each)));
  }

  function end(id: VertexID, state: 'done' | 'cached', at: number): void {
    if (ended.has(id)) return;
    ended.add(id);
    emit({ type: 'step', id, state, at });
  }

  function endAll(base: ShownBase): void {
    for (const [index, id] of [...base.ids].entries()) {
      end(id, base.hasBegun && index === 0 ? 'done' : 'cached', base.lastDoneAt ?? now());
    }
    base.hasBegun = false;
  }

  /** The step that has begun; undefined when the base is not shown. */
  function begun(
    name: string,
    what: Bringing,
  ): { readonly base: ShownBase; readonly id: VertexID } | undefined {
    const base = shown.get(name);
    const [id] = base?.ids ?? [];
    if (base === undefined || id === undefined) return undefined;
    base.underWay.add(what.name);
    if (!base.hasBegun) {
      base.hasBegun = true;
      // A base that was complete may have lost something since, or be needed in another form.
      ended.delete(id);
      emit({ type: 'step', id, state: 'started', at: now() });
    }
    return { base, id };
  }

  return {
    show(name, id, snapshots, isRead) {
      let base = shown.get(name);
      if (base === undefined) {
        base = { ids: new Set(), snapshots, isRead, underWay: new Set(), hasBegun: false };
        shown.set(name, base);
      }
      base.ids.add(id);
      base.isRead ||= isRead;
      if (isAllHere(snapshots, isRead)) end(id, 'cached', now());
    },
    begin(name, what) {
      begun(name, what);
    },
    moved(name, what, current) {
      const step = begun(name, what);
      if (step !== undefined) emit({ type: 'transfer', id: step.id, ...what, current, at: now() });
    },
    done(name, what) {
      const step = begun(name, what);
      if (step === undefined) return;
      const at = now();
      emit({ type: 'transfer', id: step.id, ...what, current: what.total, at, done: true });
      step.base.underWay.delete(what.name);
      step.base.lastDoneAt = at;
      for (const base of shown.values()) {
        if (base.underWay.size === 0 && isAllHere(base.snapshots, base.isRead)) endAll(base);
      }
    },
    finish() {
      for (const base of shown.values()) endAll(base);
    },
  };
}
