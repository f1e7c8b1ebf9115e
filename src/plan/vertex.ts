/**
 * What the solver sees of a build: plain data, printable and comparable. A vertex is one operation on the
 * filesystem its first input left; behaviour belongs to `solve`, by op kind.
 */
import type { Platform } from '../core/platform.ts';
import type { Span } from '../core/source/span.ts';
import type { RunMount } from '../dockerfile/parse/mount.ts';

/** Unique in one build, stable from build to build: stage and place, such as `build/3`; with several platforms that comes first. */
export type VertexID = string;

/** A base filesystem that is pulled or read, never run. */
export interface ImageOp {
  readonly kind: 'image';
  /** What the resolver was asked, for progress: `docker.io/library/debian:bookworm`. */
  readonly reference: string;
  readonly platform: Platform;
}

/** RUN: a process on the filesystem below. */
export interface ExecOp {
  readonly kind: 'exec';
  readonly args: readonly string[];
  /** The environment in order, ARGs included. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** The names in `env` that are ARGs and no ENV. */
  readonly argNames: readonly string[];
  /** Proxy variables: given to the process, kept out of key, history and config. */
  readonly proxyEnv: readonly (readonly [name: string, value: string])[];
  readonly cwd: string;
  /** As USER says; '' is root. */
  readonly user: string;
  readonly mounts: readonly PlannedMount[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly { readonly name: string; readonly required: boolean }[];
  readonly hostname: string;
  /** A heredoc with `#!`: shown read-only, mode 0755, at this path while the step runs. */
  readonly script?: { readonly path: string; readonly text: string };
}

/**
 * A mount whose `from` is settled: the inputs of the vertex hold a stage's or image's filesystem. Its target
 * is absolute and clean, no two are the same, and outer ones come before inner ones.
 */
export type PlannedMount = RunMount & { readonly origin: SourceOrigin };

/** Where files come from. */
export type SourceOrigin =
  /** The build context ('') or a named one. */
  | { readonly kind: 'context'; readonly name: string }
  /** Index into the vertex's inputs. */
  | { readonly kind: 'input'; readonly index: number }
  /** `FROM scratch`, or nothing at all. */
  | { readonly kind: 'empty' };

/** COPY and ADD: files of an origin, put onto the filesystem below. */
export interface CopyOp {
  readonly kind: 'copy';
  readonly instruction: 'COPY' | 'ADD';
  readonly origin: SourceOrigin;
  /** Expanded, as written otherwise. */
  readonly sources: readonly string[];
  /** Inline files, after all path sources. */
  readonly heredocs: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; the trailing slash is kept, because it means "a directory". */
  readonly dest: string;
  readonly owner?: string;
  readonly mode?: string;
  readonly isLink: boolean;
  readonly keepsParents: boolean;
  readonly excludes: readonly string[];
  /** The help line for a source that is not there, where the paths look like something else. */
  readonly oddPaths?: string;
  /** ADD only. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly unpack?: boolean;
}

/** WORKDIR: the directory and its missing parents. */
export interface MkdirOp {
  readonly kind: 'mkdir';
  readonly path: string;
  /** As USER says; resolved in the image like --chown. */
  readonly owner: string;
}

/** What a vertex does. */
export type Op = ImageOp | ExecOp | CopyOp | MkdirOp;

/** One operation, with what it stands on and reads. */
export interface Vertex<O extends Op = Op> {
  readonly id: VertexID;
  readonly op: O;
  /** inputs[0] is the filesystem the op stands on, undefined for scratch; the others are read only. */
  readonly inputs: readonly (VertexID | undefined)[];
  /** `[build 2/5] RUN make`. */
  readonly label: string;
  /** The Dockerfile's name for the stage, for --no-cache-filter and messages. */
  readonly stage: string;
  readonly span: Span;
  readonly ignoresCache: boolean;
}
