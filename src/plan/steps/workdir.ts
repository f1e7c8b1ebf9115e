import { cleanBeneath } from '../../core/byte-path.ts';
import type { ValueInstruction } from '../../dockerfile/instruction.ts';
import { relativeWorkdir } from '../../dockerfile/lint/evaluated.ts';
import { expand, lint, record, type StepContext } from './step-context.ts';

/**
 * WORKDIR (spec 3.11): an absolute path is stored as it is, a relative one (an empty one too) joined to the
 * current directory and cleaned. Always a layer, but for the path `/`.
 */
export function readWorkdir(context: StepContext, { value }: ValueInstruction<'workdir'>): void {
  const { config, hasWorkdir } = context.state;
  context.state.hasWorkdir = true;
  const path = expand(context, value);
  if (path === undefined) return;
  if (!path.startsWith('/') && !hasWorkdir) lint(context, relativeWorkdir(path), value.span);
  config.workingDir = path.startsWith('/') ? path : joinClean(config.workingDir, path);
  const op = { kind: 'mkdir', path: joinClean(config.workingDir, ''), owner: config.user } as const;
  const vertex = config.workingDir === '/' ? undefined : context.addVertex(op, []);
  record(context, `WORKDIR ${config.workingDir}`, vertex);
}

/** The clean absolute path of `path` below `directory`, for values that are text, not yet bytes. */
export function joinClean(directory: string, path: string): string {
  return `/${cleanBeneath(`${directory}/${path}`)}`;
}
