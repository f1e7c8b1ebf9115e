/**
 * What a Dockerfile says, typed. Nothing here is expanded: words keep their quotes, variables and
 * escapes, with the place they came from.
 */
import type { SourceText, Span } from '../core/source/span.ts';

/** One argument token as written. */
export interface Word {
  readonly raw: string;
  readonly span: Span;
}

/** `--name` or `--name=value`; the value has its flag-level quotes and escapes removed. */
export interface Flag {
  readonly name: string;
  readonly value: string | undefined;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly valueSpan: Span;
}

/** `<<NAME` with its body. */
export interface Heredoc {
  /** The delimiter without quotes: also the file name in COPY and ADD. */
  readonly name: string;
  /** Body as written, line ends included, tabs not stripped. */
  readonly body: string;
  /** `<<-`: leading tabs of body lines are stripped where the body is used. */
  readonly stripTabs: boolean;
  /** Quoted delimiter: the body is not expanded. */
  readonly quoted: boolean;
  /** Digits before `<<`, or ''. */
  readonly fileDescriptor: string;
  readonly span: Span;
  readonly bodySpan: Span;
}

/** Shell form keeps its text; exec form is the decoded JSON array. */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

/** What every instruction has. */
export interface InstructionBase<K extends string> {
  readonly kind: K;
  /** First physical line to the last, heredoc terminators included. */
  readonly span: Span;
  readonly keyword: Word;
  readonly flags: readonly Flag[];
  /** Comment lines directly above, without `#` and outer blanks: descriptions and `check=` directives. */
  readonly comments: readonly string[];
  /** The logical line as written after its continuation lines were joined: what ONBUILD stores and progress shows. */
  readonly text: string;
  /** The last joined line, when a blank line stands inside the continuation. */
  readonly emptyContinuation?: Span;
}

export interface FromInstruction extends InstructionBase<'from'> {
  readonly image: Word;
  readonly platform?: Word;
  /** The stage name, in lower case. */
  readonly name?: string;
  /** The `AS` keyword and the name as written. */
  readonly as?: { readonly keyword: Word; readonly name: Word };
}

export interface ArgInstruction extends InstructionBase<'arg'> {
  readonly args: readonly { readonly name: Word; readonly value?: Word }[];
}

export interface KeyValueInstruction<K extends 'env' | 'label'> extends InstructionBase<K> {
  readonly pairs: readonly { readonly name: Word; readonly value: Word }[];
  /** `ENV name value with blanks`. */
  readonly isLegacy: boolean;
}

export interface RunInstruction extends InstructionBase<'run'> {
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /** Values of --mount, still to be expanded and read with `parseMount`. */
  readonly mounts: readonly Word[];
  readonly network?: Word;
  readonly security?: Word;
  readonly devices: readonly Word[];
}

interface FileInstruction<K extends 'copy' | 'add'> extends InstructionBase<K> {
  readonly sources: readonly Word[];
  readonly heredocs: readonly Heredoc[];
  readonly dest: Word;
  readonly owner?: Word;
  readonly mode?: Word;
  readonly isLink: boolean;
  readonly excludes: readonly Word[];
  /** The help line for a source that is not there, where the paths look like something else. */
  readonly oddPaths?: string;
}

export interface CopyInstruction extends FileInstruction<'copy'> {
  readonly from?: Word;
  readonly keepsParents: boolean;
}

export interface AddInstruction extends FileInstruction<'add'> {
  readonly checksum?: Word;
  readonly keepGitDir?: boolean;
  readonly unpack?: boolean;
}

export interface CommandInstruction<K extends 'cmd' | 'entrypoint'> extends InstructionBase<K> {
  readonly command: Command;
}

export interface ShellInstruction extends InstructionBase<'shell'> {
  readonly args: readonly string[];
}

export interface ValueInstruction<K extends 'workdir' | 'user' | 'stopsignal' | 'maintainer'>
  extends InstructionBase<K> {
  readonly value: Word;
}

export interface ListInstruction<K extends 'expose' | 'volume'> extends InstructionBase<K> {
  readonly words: readonly Word[];
}

export interface HealthcheckInstruction extends InstructionBase<'healthcheck'> {
  /** As the image config stores it: `['NONE']`, `['CMD-SHELL', text]` or `['CMD', …]`. */
  readonly test: readonly string[];
  /** Nanoseconds; absent when not given. */
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface OnbuildInstruction extends InstructionBase<'onbuild'> {
  /** Raw text of the trigger, heredoc bodies re-attached: what `config.OnBuild` stores. */
  readonly trigger: string;
}

/** Any instruction. */
export type Instruction =
  | FromInstruction
  | ArgInstruction
  | KeyValueInstruction<'env'>
  | KeyValueInstruction<'label'>
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | CommandInstruction<'cmd'>
  | CommandInstruction<'entrypoint'>
  | ShellInstruction
  | ValueInstruction<'workdir'>
  | ValueInstruction<'user'>
  | ValueInstruction<'stopsignal'>
  | ValueInstruction<'maintainer'>
  | ListInstruction<'expose'>
  | ListInstruction<'volume'>
  | HealthcheckInstruction
  | OnbuildInstruction;

/** A line of a stage that could not be read, or not all of it: nobody knows what else it would have done. */
export interface Gap {
  /** Where its instruction begins. */
  readonly start: number;
  /** Undefined for a word that is no instruction. */
  readonly kind: Instruction['kind'] | undefined;
}

/** From one FROM to the next. */
export interface Stage {
  readonly index: number;
  readonly name?: string;
  readonly from: FromInstruction;
  readonly body: readonly Exclude<Instruction, FromInstruction>[];
  /** In order; none in a file without errors. */
  readonly gaps: readonly Gap[];
}

/** What the parser directives at the top of the file say. */
export interface Directives {
  readonly syntax?: Word;
  readonly escape: '\\' | '`';
  readonly check?: Word;
}

/** A whole file, as far as it could be read. */
export interface Dockerfile {
  readonly source: SourceText;
  readonly directives: Directives;
  /** ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** A line before the first FROM could not be read: it may have declared more. */
  readonly mayLackArgs: boolean;
  /** Stages may have more names than could be read, and the file more stages. */
  readonly mayLackStages: boolean;
}
