import type { Command } from '../measure.ts';

export interface Builder {
  readonly name: string;
  readonly version: string;
  /** Processes that work for the commands. */
  readonly daemons: readonly number[];
  /** Forgets everything but the small base image; not timed. */
  reset(): void;
  /** What builds a context to an image archive at `dest`, one after the other; timed as one. */
  commands(context: string, dest: string, tag: string): readonly Command[];
  close(): void | Promise<void>;
}

/** What every builder is opened with. */
export interface Surroundings {
  /** The checkout of strata. */
  readonly project: string;
  /** Where to keep everything; nothing else lies there. */
  readonly dir: string;
  readonly base: Base;
  /** `127.0.0.1:PORT` of the registry with the big base; undefined when there is none. */
  readonly registry: string | undefined;
}

/** The small base image as each builder likes it. */
export interface Base {
  /** A context that makes it. */
  readonly context: string;
  /** A tar of its files. */
  readonly rootfs: string;
  /** An OCI layout of it, made by strata. */
  readonly layout: string;
}

/** The image every context stands on unless it says otherwise: a static busybox. */
export const baseName = 'strata-base/busybox';
