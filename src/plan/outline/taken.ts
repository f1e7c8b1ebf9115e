/** What a build can be given from outside, collected while its stages are read. */
import type { Span } from '../../core/source/span.ts';
import type { RunMount } from '../../dockerfile/parse/mount.ts';

export interface TakenArg {
  readonly name: string;
  /** Its value in this build; undefined when it has none or nobody can know it. */
  readonly value: string | undefined;
  /** Its line gives a default; else a global ARG of the name does. */
  readonly hasDefault: boolean;
  /** Comments above its ARG. */
  readonly comments: readonly string[];
  readonly span: Span;
}

export interface TakenMount {
  readonly mount: RunMount;
  readonly span: Span;
}

export interface Taken {
  readonly args: TakenArg[];
  readonly mounts: TakenMount[];
}
