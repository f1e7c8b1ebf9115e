/**
 * Errors of what follows an instruction and its flags.
 * Codes are stable; the fragments people and test suites search for are spelled as BuildKit spells them.
 */
import type { Problem } from '../report.ts';
import { commentHelp, didYouMean } from './did-you-mean.ts';

/** Nothing where one argument belongs. */
export function needsOneArgument(instruction: string): Problem {
  return { code: 'missing-argument', message: `${instruction} requires exactly one argument` };
}

/** Nothing where arguments belong. */
export function needsArguments(instruction: string): Problem {
  return { code: 'missing-argument', message: `${instruction} requires at least one argument` };
}

/** COPY or ADD with one path only. */
export function needsDestination(instruction: string): Problem {
  return {
    code: 'missing-destination',
    message: `${instruction} requires at least two arguments, but only one was provided; destination could not be determined`,
    help: `write ${instruction} source… destination`,
  };
}

/** A JSON array with something else than strings in it. */
export function onlyStrings(): Problem {
  return {
    code: 'bad-exec-form',
    message: 'when using JSON array syntax, arrays must be comprised of strings only: only strings allowed',
    help: 'put the element in double quotes',
  };
}

/** SHELL in shell form. */
export function shellNotJson(): Problem {
  return {
    code: 'shell-not-json',
    message: 'SHELL requires the arguments to be in JSON form',
    help: 'write SHELL ["/bin/bash", "-c"]',
  };
}

/** VOLUME with an empty path. */
export function emptyVolume(): Problem {
  return { code: 'empty-volume', message: 'VOLUME specified can not be an empty string' };
}

/** ENV or LABEL with a name and no value. */
export function needsTwoArguments(instruction: string): Problem {
  return {
    code: 'missing-value',
    message: `${instruction} must have two arguments`,
    help: `write ${instruction} name=value`,
  };
}

/** A word without `=` among those of ENV or LABEL that have one. */
export function missingEquals(word: string): Problem {
  return {
    code: 'missing-equals',
    message: `can't find = in "${word}": must be of the form name=value`,
    help: word.startsWith('#') ? commentHelp : 'quote a value that holds blanks: name="a value"',
  };
}

/** A word without `=` that is the rest of a `${…}` in the value before it. */
export function cutSubstitution(word: string): Problem {
  return {
    ...missingEquals(word),
    help: 'a blank ends the value, within a substitution too: put the whole value in double quotes',
  };
}

/** Nothing before the `=`. */
export function blankName(instruction: string): Problem {
  return { code: 'blank-name', message: `${instruction} names can not be blank` };
}

/**
 * The file ends before the heredoc does.
 * @param help what its end may be
 */
export function unterminatedHeredoc(name: string, help: string | undefined): Problem {
  return {
    code: 'unterminated-heredoc',
    message: `unterminated heredoc: no line is "${name}"`,
    ...didYouMean(undefined, help),
  };
}

/** A heredoc where the destination belongs. */
export function heredocDestination(instruction: string): Problem {
  return {
    code: 'heredoc-destination',
    message: `${instruction} cannot accept a heredoc as a destination`,
    help: `the destination comes last: ${instruction} <<EOF /path`,
  };
}

/** HEALTHCHECK with neither CMD nor NONE. */
export function unknownHealthcheck(type: string): Problem {
  return {
    code: 'unknown-healthcheck',
    message: `Unknown type "${type}" in HEALTHCHECK`,
    help: 'write HEALTHCHECK CMD command, or HEALTHCHECK NONE',
  };
}

/** HEALTHCHECK NONE with something behind it. */
export function healthcheckNoneArguments(): Problem {
  return { code: 'healthcheck-none-arguments', message: 'HEALTHCHECK NONE takes no arguments' };
}

/** HEALTHCHECK CMD with nothing behind it. */
export function healthcheckNoCommand(): Problem {
  return { code: 'healthcheck-no-command', message: 'Missing command after HEALTHCHECK CMD' };
}
