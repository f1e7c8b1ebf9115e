/**
 * Errors of instructions as a whole, and of stages.
 * Codes are stable; the fragments people and test suites search for are spelled as BuildKit spells them.
 */
import type { Problem } from '../report.ts';
import { commentHelp, didYouMean } from './did-you-mean.ts';

/**
 * A line begins with a word that is no instruction.
 * @param nearest the instruction that is nearly spelled so
 * @param known all instructions
 */
export function unknownInstruction(
  name: string,
  nearest: string | undefined,
  known: readonly string[],
): Problem {
  const otherwise = /^[A-Za-z]+$/.test(name)
    ? `the instructions are ${known.join(' ')}`
    : 'if this belongs to the instruction above, end the line above with the escape character';
  return {
    code: 'unknown-instruction',
    message: `unknown instruction: ${name === '' ? '(nothing)' : name}`,
    ...didYouMean(nearest, otherwise),
  };
}

/** An instruction other than ARG above the first FROM. */
export function noBuildStage(name: string): Problem {
  return {
    code: 'no-build-stage',
    message: `no build stage in current context: ${name} stands before the first FROM`,
    help: 'only ARG may stand above the first FROM',
  };
}

/**
 * FROM with too few words, too many, or another word than AS between two.
 * @param count of its words
 */
export function badFrom(words: readonly string[]): Problem {
  return {
    code: 'bad-from',
    message: `FROM requires either one or three arguments, not ${words.length}`,
    help: words.some((word) => word.startsWith('#'))
      ? commentHelp
      : 'write FROM image, or FROM image AS name',
  };
}

/** What follows AS is no name (spec 4.1). */
export function badStageName(name: string): Problem {
  return {
    code: 'bad-stage-name',
    message: `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    help: 'a name is a letter, then letters, digits, "-", "_" and "."',
  };
}

/** ONBUILD as the trigger of ONBUILD. */
export function onbuildChain(): Problem {
  return {
    code: 'onbuild-chain',
    message: "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
  };
}

/** An instruction that cannot be a trigger (spec 3.17). */
export function onbuildTrigger(instruction: string): Problem {
  return {
    code: 'onbuild-trigger',
    message: `${instruction} isn't allowed as an ONBUILD trigger`,
  };
}
