import type { ArgInstruction, FromInstruction } from '../instruction.ts';
import type { LintHit, ParseRule } from './parse-rule.ts';

export const invalidDefinitionDescription: ParseRule = {
  name: 'InvalidDefinitionDescription',
  *find({ globalArgs, stages }) {
    for (const arg of globalArgs) yield* findIn(arg, namesOf(arg));
    for (const { name, from, body } of stages) {
      if (name !== undefined) yield* findIn(from, [name]);
      for (const instruction of body)
        if (instruction.kind === 'arg') yield* findIn(instruction, namesOf(instruction));
    }
  },
};

function namesOf({ args }: ArgInstruction): string[] {
  return args.map(({ name }) => name.raw);
}

/** Only the last comment line counts. */
function* findIn(instruction: ArgInstruction | FromInstruction, names: readonly string[]): Iterable<LintHit> {
  const { comments, keyword, kind } = instruction;
  const [first] = comments.at(-1)?.split(' ', 1) ?? [];
  const [name, ...others] = names;
  if (first === undefined || name === undefined || names.includes(first)) return;
  const shown = others.length === 0 ? name : '<name>';
  yield {
    message: `a comment for ${kind.toUpperCase()} should be of the form "# ${shown} <description>"`,
    span: keyword.span,
    help: 'if it is no description, put a line with # alone between the two',
    comments,
  };
}
