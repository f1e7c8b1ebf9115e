/**
 * Every error the Dockerfile parser reports, one builder each. Codes are stable; the fragments people and
 * test suites search for are spelled as BuildKit spells them.
 */
import type { Problem } from './report.ts';

function didYouMean(nearest: string | undefined, otherwise?: string): { help?: string } {
  if (nearest !== undefined) return { help: `did you mean ${nearest}?` };
  return otherwise === undefined ? {} : { help: otherwise };
}

// The file

export function fileEmpty(): Problem {
  return {
    code: 'file-empty',
    message: 'the Dockerfile cannot be empty',
    help: 'the smallest Dockerfile is one line: FROM scratch',
  };
}

export function notUtf8(): Problem {
  return {
    code: 'not-utf-8',
    message: 'the Dockerfile is UTF-16 text, but only UTF-8 is understood',
    help: 'save it as UTF-8: iconv -f UTF-16 -t UTF-8',
  };
}

export function noInstructions(): Problem {
  return {
    code: 'no-instructions',
    message: 'file with no instructions: only blank lines and comments',
    help: 'begin with a FROM line',
  };
}

export function noStages(): Problem {
  return {
    code: 'no-stages',
    message: 'no stages to build: the file has ARG lines, but no FROM',
    help: 'begin a stage with a FROM line',
  };
}

export function lineTooLong(bytes: number): Problem {
  return {
    code: 'line-too-long',
    message: `line greater than max allowed size of 65535: it has ${bytes} bytes`,
    help: 'break the line with the escape character; joined lines have no limit',
  };
}

export function foreignFrontend(reference: string): Problem {
  return {
    code: 'foreign-frontend',
    message: `the file is written for the frontend "${reference}", not as a Dockerfile`,
    notes: ['strata has one frontend, the Dockerfile language'],
  };
}

export function badEscapeDirective(value: string): Problem {
  return {
    code: 'bad-escape-directive',
    message: `invalid escape token "${value}"`,
    help: 'the escape character is a backslash or a backtick',
  };
}

export function duplicateDirective(name: string): Problem {
  return {
    code: 'duplicate-directive',
    message: `only one ${name} parser directive can be used`,
    help: 'remove this line',
  };
}

// Instructions and stages

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

export function noBuildStage(name: string): Problem {
  return {
    code: 'no-build-stage',
    message: `no build stage in current context: ${name} stands before the first FROM`,
    help: 'only ARG may stand above the first FROM',
  };
}

export function badFrom(count: number): Problem {
  return {
    code: 'bad-from',
    message: `FROM requires either one or three arguments, not ${count}`,
    help: 'write FROM image, or FROM image AS name',
  };
}

export function badStageName(name: string): Problem {
  return {
    code: 'bad-stage-name',
    message: `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    help: 'a name is a letter, then letters, digits, "-", "_" and "."',
  };
}

// Flags

export function unknownFlag(
  instruction: string,
  name: string,
  known: readonly string[],
  nearest: string | undefined,
  owner: string | undefined,
): Problem {
  const list = known.map((flag) => `--${flag}`).join(' ');
  const all =
    known.length === 0 ? `${instruction} takes no flags` : `the flags of ${instruction} are ${list}`;
  return {
    code: 'unknown-flag',
    message: `unknown flag: --${name} for ${instruction}`,
    ...(owner === undefined ? {} : { notes: [`--${name} is a flag of ${owner}`] }),
    ...didYouMean(nearest === undefined ? undefined : `--${nearest}`, all),
  };
}

export function duplicateFlag(name: string): Problem {
  return {
    code: 'duplicate-flag',
    message: `duplicate flag specified: --${name}`,
    help: 'give it once',
  };
}

export function flagNeedsValue(name: string, isBoolean: boolean): Problem {
  return {
    code: 'flag-needs-value',
    message: `missing a value on flag: --${name}`,
    help: isBoolean ? `write --${name}, --${name}=true or --${name}=false` : `write --${name}=…`,
  };
}

export function flagNotBoolean(name: string, value: string): Problem {
  return {
    code: 'flag-not-boolean',
    message: `expecting boolean value for flag --${name}, not: ${value}`,
    help: `write --${name}=true or --${name}=false`,
  };
}

// Arguments

export function needsOneArgument(instruction: string): Problem {
  return { code: 'missing-argument', message: `${instruction} requires exactly one argument` };
}

export function needsArguments(instruction: string): Problem {
  return { code: 'missing-argument', message: `${instruction} requires at least one argument` };
}

export function needsDestination(instruction: string): Problem {
  return {
    code: 'missing-destination',
    message: `${instruction} requires at least two arguments, but only one was provided; destination could not be determined`,
    help: `write ${instruction} source… destination`,
  };
}

export function onlyStrings(): Problem {
  return {
    code: 'bad-exec-form',
    message: 'when using JSON array syntax, arrays must be comprised of strings only: only strings allowed',
    help: 'put the element in double quotes',
  };
}

export function shellNotJson(): Problem {
  return {
    code: 'shell-not-json',
    message: 'SHELL requires the arguments to be in JSON form',
    help: 'write SHELL ["/bin/bash", "-c"]',
  };
}

export function emptyVolume(): Problem {
  return { code: 'empty-volume', message: 'VOLUME specified can not be an empty string' };
}

export function needsTwoArguments(instruction: string): Problem {
  return {
    code: 'missing-value',
    message: `${instruction} must have two arguments`,
    help: `write ${instruction} name=value`,
  };
}

export function missingEquals(word: string): Problem {
  return {
    code: 'missing-equals',
    message: `can't find = in "${word}": must be of the form name=value`,
    help: word.startsWith('#')
      ? 'a comment needs a line of its own'
      : 'quote a value that holds blanks: name="a value"',
  };
}

export function blankName(instruction: string): Problem {
  return { code: 'blank-name', message: `${instruction} names can not be blank` };
}

// RUN, COPY and ADD

export function unterminatedHeredoc(name: string, help: string | undefined): Problem {
  return {
    code: 'unterminated-heredoc',
    message: `unterminated heredoc: no line is "${name}"`,
    ...didYouMean(undefined, help),
  };
}

export function heredocDestination(instruction: string): Problem {
  return {
    code: 'heredoc-destination',
    message: `${instruction} cannot accept a heredoc as a destination`,
    help: `the destination comes last: ${instruction} <<EOF /path`,
  };
}

export function badNetworkMode(mode: string, nearest: string | undefined): Problem {
  return {
    code: 'bad-network-mode',
    message: `invalid network mode "${mode}"`,
    ...didYouMean(nearest, 'it is default, none or host'),
  };
}

export function badSecurityMode(mode: string, nearest: string | undefined): Problem {
  return {
    code: 'bad-security-mode',
    message: `security "${mode}" is not valid`,
    ...didYouMean(nearest, 'it is sandbox or insecure'),
  };
}

export function badMount(message: string, help: string | undefined): Problem {
  return { code: 'bad-mount', message, ...didYouMean(undefined, help) };
}

export function badDevice(message: string, help: string | undefined): Problem {
  return { code: 'bad-device', message, ...didYouMean(undefined, help) };
}

export function copyFromVariable(value: string): Problem {
  return {
    code: 'copy-from-variable',
    message: `variable expansion is not supported for --from=${value}`,
    help: 'define an alias stage and copy from it: FROM image:$TAG AS source',
  };
}

// HEALTHCHECK and ONBUILD

export function unknownHealthcheck(type: string): Problem {
  return {
    code: 'unknown-healthcheck',
    message: `Unknown type "${type}" in HEALTHCHECK`,
    help: 'write HEALTHCHECK CMD command, or HEALTHCHECK NONE',
  };
}

export function healthcheckNoneArguments(): Problem {
  return { code: 'healthcheck-none-arguments', message: 'HEALTHCHECK NONE takes no arguments' };
}

export function healthcheckNoCommand(): Problem {
  return { code: 'healthcheck-no-command', message: 'Missing command after HEALTHCHECK CMD' };
}

export function badDuration(flag: string, value: string): Problem {
  return {
    code: 'bad-duration',
    message: `invalid duration "${value}" for --${flag}`,
    help: 'a duration needs units: 30s, 500ms, 1m30s',
  };
}

export function durationTooShort(flag: string, value: string): Problem {
  return { code: 'duration-too-short', message: `--${flag} cannot be less than 1ms, but is ${value}` };
}

export function badRetries(value: string): Problem {
  return {
    code: 'bad-retries',
    message: value.startsWith('-')
      ? `--retries cannot be negative (${value})`
      : `--retries is not a number: "${value}"`,
  };
}

export function onbuildChain(): Problem {
  return {
    code: 'onbuild-chain',
    message: "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
  };
}

export function onbuildTrigger(instruction: string): Problem {
  return {
    code: 'onbuild-trigger',
    message: `${instruction} isn't allowed as an ONBUILD trigger`,
  };
}

// Build checks

export function badCheckOption(message: string): Problem {
  return {
    code: 'bad-check-option',
    message,
    help: 'write skip=Rule,Rule;experimental=Rule;error=true, without blanks',
  };
}

export function lintViolation(rules: readonly string[]): Problem {
  return { code: 'lint-violation', message: `lint violation found for rules: ${rules.join(', ')}` };
}
