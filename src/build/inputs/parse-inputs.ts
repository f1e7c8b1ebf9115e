import { DockerfileError } from '../../core/errors.ts';
import type { Diagnostic } from '../../core/source/diagnostic.ts';
import type { Dockerfile } from '../../dockerfile/instruction.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import type { BuildInputs } from './inputs.ts';

/** A Dockerfile that can be planned; with problems only to find what else is wrong with it. */
export interface ParsedInputs {
  readonly dockerfile: Dockerfile;
  /** Of the Dockerfile, and of ignore files. */
  readonly problems: readonly Diagnostic[];
}

/** @throws DockerfileError for a file without a stage */
export function parseInputs(inputs: Pick<BuildInputs, 'dockerfile' | 'problems'>): ParsedInputs {
  const { dockerfile, diagnostics } = parseDockerfile(inputs.dockerfile);
  const problems = [...diagnostics, ...inputs.problems];
  if (dockerfile === undefined) throw new DockerfileError(problems);
  return { dockerfile, problems };
}
