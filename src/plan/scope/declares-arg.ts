import type { Dockerfile, Instruction } from '../../dockerfile/instruction.ts';

/** Whether an ARG anywhere in the file declares a name, as it is written. */
export function declaresArg({ globalArgs, stages }: Dockerfile, name: string): boolean {
  return declares(globalArgs, name) || stages.some(({ body }) => declares(body, name));
}

function declares(instructions: readonly Instruction[], name: string): boolean {
  return instructions.some((each) => each.kind === 'arg' && each.args.some((arg) => arg.name.raw === name));
}
