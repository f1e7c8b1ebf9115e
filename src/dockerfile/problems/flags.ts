/**
 * Errors of flags and of their values.
 * Codes are stable; the fragments people and test suites search for are spelled as BuildKit spells them.
 */
import type { Problem } from '../report.ts';
import { didYouMean } from './did-you-mean.ts';

/**
 * A flag that the instruction does not have.
 * @param nearest one that it has and that is nearly spelled so
 * @param owner the instruction that has it
 */
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

/** A flag that may be given once, given again. */
export function duplicateFlag(name: string): Problem {
  return {
    code: 'duplicate-flag',
    message: `duplicate flag specified: --${name}`,
    help: 'give it once',
  };
}

/** `--name` or `--name=` where a value is needed. */
export function flagNeedsValue(name: string, isBoolean: boolean): Problem {
  return {
    code: 'flag-needs-value',
    message: `missing a value on flag: --${name}`,
    help: isBoolean ? `write --${name}, --${name}=true or --${name}=false` : `write --${name}=…`,
  };
}

/** A value that is neither true nor false. */
export function flagNotBoolean(name: string, value: string): Problem {
  return {
    code: 'flag-not-boolean',
    message: `expecting boolean value for flag --${name}, not: ${value}`,
    help: `write --${name}=true or --${name}=false`,
  };
}

/**
 * `RUN --network` with a word that is no mode.
 * @param nearest the mode that is nearly spelled so
 */
export function badNetworkMode(mode: string, nearest: string | undefined): Problem {
  return {
    code: 'bad-network-mode',
    message: `invalid network mode "${mode}"`,
    ...didYouMean(nearest, 'it is default, none or host'),
  };
}

/**
 * `RUN --security` with a word that is no mode.
 * @param nearest the mode that is nearly spelled so
 */
export function badSecurityMode(mode: string, nearest: string | undefined): Problem {
  return {
    code: 'bad-security-mode',
    message: `security "${mode}" is not valid`,
    ...didYouMean(nearest, 'it is sandbox or insecure'),
  };
}

/** `RUN --mount` that `parseMount` cannot read; it says why. */
export function badMount(message: string, help: string | undefined): Problem {
  return { code: 'bad-mount', message, ...didYouMean(undefined, help) };
}

/** `RUN --device` that `parseDevice` cannot read; it says why. */
export function badDevice(message: string, help: string | undefined): Problem {
  return { code: 'bad-device', message, ...didYouMean(undefined, help) };
}

/** `COPY --from` is never expanded. */
export function copyFromVariable(value: string): Problem {
  return {
    code: 'copy-from-variable',
    message: `variable expansion is not supported for --from=${value}`,
    help: 'define an alias stage and copy from it: FROM image:$TAG AS source',
  };
}

/** A flag of HEALTHCHECK that is no duration. */
export function badDuration(flag: string, value: string): Problem {
  return {
    code: 'bad-duration',
    message: `invalid duration "${value}" for --${flag}`,
    help: 'a duration needs units: 30s, 500ms, 1m30s',
  };
}

/** A flag of HEALTHCHECK that is over 0 and below what an engine measures. */
export function durationTooShort(flag: string, value: string): Problem {
  return { code: 'duration-too-short', message: `--${flag} cannot be less than 1ms, but is ${value}` };
}

/** `HEALTHCHECK --retries` that is no number from 0 on. */
export function badRetries(value: string): Problem {
  return {
    code: 'bad-retries',
    message: value.startsWith('-')
      ? `--retries cannot be negative (${value})`
      : `--retries is not a number: "${value}"`,
  };
}
