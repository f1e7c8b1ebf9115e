import { isDigest } from '../../core/digest.ts';
import { readModeChange } from '../../core/mode-change.ts';
import { isGitReference, isUrl } from '../../core/remote-name.ts';
import type { AddInstruction, CopyInstruction, Heredoc } from '../../dockerfile/instruction.ts';
import { ignoredSource } from '../../dockerfile/lint/evaluated.ts';
import { heredocContent } from '../../dockerfile/text/heredoc.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import type { CopyOp, SourceOrigin, VertexID } from '../vertex.ts';
import {
  expand,
  expandAll,
  expandLoosely,
  lint,
  placeOf,
  record,
  report,
  type StepContext,
  valueOrReport,
} from './step-context.ts';
import { joinClean } from './workdir.ts';

/** COPY (spec 3.6). */
export function readCopy(context: StepContext, instruction: CopyInstruction): void {
  const shared = readShared(context, instruction);
  if (shared === undefined) return;
  for (const [index, source] of shared.sources.entries()) {
    const remote = isGitReference(source) ? 'a git ref' : isUrl(source) ? 'a URL' : undefined;
    const word = instruction.sources[index];
    if (remote === undefined || word === undefined) continue;
    report(context, 'remote-copy-source', `source can't be ${remote} for COPY`, word.span, 'use ADD');
  }
  const from = instruction.from?.raw === '' ? undefined : instruction.from;
  if (from === undefined) checkIgnored(context, instruction, 'COPY', shared);
  const sources: VertexID[] = [];
  const origin: SourceOrigin =
    from === undefined
      ? contextOrigin(shared)
      : context.originOf({ by: 'copy', text: from.raw, span: placeOf(context, from.span) }, sources);
  const op: CopyOp = { ...shared.op, instruction: 'COPY', origin, keepsParents: instruction.keepsParents };
  const flags = instruction.keepsParents ? ['--parents', ...shared.flags] : shared.flags;
  finish(context, op, shared, flags, sources);
}

/** ADD (spec 3.7). */
export function readAdd(context: StepContext, instruction: AddInstruction): void {
  const shared = readShared(context, instruction);
  if (shared === undefined) return;
  const checksum = readChecksum(context, instruction, shared);
  checkIgnored(context, instruction, 'ADD', shared);
  const { keepGitDir, unpack } = instruction;
  const op: CopyOp = {
    ...shared.op,
    instruction: 'ADD',
    origin: contextOrigin(shared),
    keepsParents: false,
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
  finish(context, op, shared, shared.flags, []);
}

/** What one URL or repository has to be; a flag that comes to nothing asks for nothing (spec 3.7). */
function readChecksum(
  context: StepContext,
  { checksum: word }: AddInstruction,
  { sources, op }: SharedPart,
): string | undefined {
  const checksum = word === undefined ? undefined : expand(context, word);
  if (word === undefined || checksum === undefined || checksum === '') return undefined;
  const { scope } = context.state;
  const [only = ''] = sources;
  const isKnown = ![only, checksum].some((text) => holdsUnknown(scope, text));
  if (sources.length + op.heredocs.length !== 1 || (isKnown && !isUrl(only) && !isGitReference(only))) {
    const message = 'checksum requires exactly one source, and that an HTTP(S) or Git one';
    report(context, 'bad-checksum', message, word.span);
  } else if (isKnown && !isGitReference(only) && !isDigest(checksum)) {
    const message = `invalid checksum digest format: ${checksum}`;
    report(context, 'bad-checksum', message, word.span, 'want sha256: and 64 lower-case hex digits');
  }
  return checksum;
}

function checkIgnored(
  context: StepContext,
  instruction: CopyInstruction | AddInstruction,
  keyword: CopyOp['instruction'],
  { sources }: SharedPart,
): void {
  const rules = context.request.ignoreRules;
  if (rules === undefined) return;
  for (const [index, source] of sources.entries()) {
    const span = instruction.sources[index]?.span ?? instruction.span;
    if (isUrl(source) || isGitReference(source) || holdsUnknown(context.state.scope, source)) continue;
    lint(context, ignoredSource(keyword, source, rules), span);
  }
}

/** A step with nothing but heredocs does not need the context opened. */
function contextOrigin({ sources }: SharedPart): SourceOrigin {
  return sources.length === 0 ? { kind: 'empty' } : { kind: 'context', name: '' };
}

interface SharedPart {
  readonly op: Omit<CopyOp, 'instruction' | 'origin' | 'keepsParents'>;
  readonly sources: readonly string[];
  /** For history: `--chown=V --chmod=V`. */
  readonly flags: readonly string[];
  /** As written after expansion. */
  readonly dest: string;
}

/** What COPY and ADD have in common; undefined after a finding. */
function readShared(
  context: StepContext,
  instruction: CopyInstruction | AddInstruction,
): SharedPart | undefined {
  const { owner: ownerWord, mode: modeWord } = instruction;
  const sources = expandAll(context, instruction.sources, expandLoosely);
  const dest = expandLoosely(context, instruction.dest);
  const owner = ownerWord === undefined ? '' : expandLoosely(context, ownerWord);
  const mode = modeWord === undefined ? '' : expandLoosely(context, modeWord);
  const heredocs = instruction.heredocs.map((heredoc) => readHeredoc(context, heredoc));
  if (sources === undefined || dest === undefined || owner === undefined || mode === undefined)
    return undefined;
  const isNoMode = mode !== '' && readModeChange(mode) === undefined;
  if (modeWord !== undefined && isNoMode && !holdsUnknown(context.state.scope, mode)) {
    const message = `invalid chmod parameter: "${mode}" should be an octal string between 0 and 07777, or symbolic`;
    const help = 'for example --chmod=644, --chmod=0755 or --chmod=u=rwX,go=rX';
    report(context, 'bad-chmod', message, modeWord.span, help);
  }
  return {
    sources,
    dest,
    flags: [...(owner === '' ? [] : [`--chown=${owner}`]), ...(mode === '' ? [] : [`--chmod=${mode}`])],
    op: {
      kind: 'copy',
      sources,
      heredocs: lastBodies(heredocs.filter((heredoc) => heredoc !== undefined)),
      dest: absoluteDest(context.state.config.workingDir, dest),
      ...(owner === '' ? {} : { owner }),
      ...(mode === '' ? {} : { mode }),
      isLink: instruction.isLink && mode === '',
      excludes: instruction.excludes.map((word) => word.raw),
      ...(instruction.oddPaths === undefined ? {} : { oddPaths: instruction.oddPaths }),
    },
  };
}

function finish(
  context: StepContext,
  op: CopyOp,
  { sources, dest }: SharedPart,
  flags: readonly string[],
  inputs: readonly VertexID[],
): void {
  const inline = op.heredocs.map(({ name }) => `<<${name}`);
  const text = [op.instruction, ...flags, ...sources, ...inline, dest].join(' ');
  record(context, `${text} # buildkit`, context.addVertex(op, inputs));
}

function readHeredoc(context: StepContext, heredoc: Heredoc): CopyOp['heredocs'][number] | undefined {
  const { body: raw, bodySpan: span } = heredoc;
  const expansion = heredocContent(heredoc, lookupIn(context.state.scope));
  const content = valueOrReport(context, expansion, { raw, span });
  return content === undefined ? undefined : { name: heredoc.name, content };
}

/** Heredocs of one name all get the last body (spec 1.8). */
function lastBodies(heredocs: CopyOp['heredocs']): CopyOp['heredocs'] {
  const bodies = new Map(heredocs.map(({ name, content }) => [name, content]));
  return heredocs.map(({ name, content }) => ({ name, content: bodies.get(name) ?? content }));
}

/** Below WORKDIR and clean; a trailing `/` or `/.`, `.` and nothing at all mean a directory and leave a slash. */
function absoluteDest(workingDir: string, dest: string): string {
  const path = joinClean(dest.startsWith('/') ? '' : workingDir, dest);
  const isDirectory = /(^|\/)\.?$/.test(dest);
  return isDirectory && path !== '/' ? `${path}/` : path;
}
