/** A shell for a person, in the sandbox of a step. */
import { basename } from 'node:path';
import { bytePathFromText } from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import { runShell } from '../../sandbox/run-step.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { StepSetting } from '../../sandbox/step.ts';
import { mergedTree } from '../../snapshot/merged-tree.ts';

/** The terminal a shell is for. */
export interface ShellPlace {
  /** Whether our standard streams are one. */
  readonly hasTerminal: boolean;
  /** $TERM of whoever sits there. */
  readonly term: string | undefined;
}

const shells: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh']);

/**
 * Runs a shell, or another command, where a step has run.
 *
 * @param command empty for a shell: the one that the step itself used, or else one of the image
 * @returns its exit code
 * @throws StepError `no-shell`, and what `runShell` throws
 */
export async function openShell(
  sandbox: Sandbox,
  setting: StepSetting,
  { hasTerminal, term }: ShellPlace,
  command: readonly string[] = [],
): Promise<number> {
  const args = command.length > 0 ? command : [shellOf(setting)];
  const env = [...setting.env];
  if (hasTerminal) env.push(['TERM', term ?? 'xterm']);
  const { code } = await runShell(sandbox, { ...setting, args, env, hasTerminal });
  return code;
}

function shellOf({ rootfs, args }: StepSetting): string {
  const tree = mergedTree([bytePathFromText(rootfs)]);
  const [own] = args;
  const known = ['/bin/bash', '/bin/sh'];
  if (own?.startsWith('/') && shells.has(basename(own))) known.unshift(own);
  const found = known.find((path) => tree.lstat(resolveBeneath(tree, bytePathFromText(path))) !== undefined);
  if (found !== undefined) return found;
  throw new StepError('no-shell', 'the filesystem of the step has no shell', {
    hint: 'name a program that it has: strata debug -- PROGRAM [ARGUMENT…]',
  });
}
