/**
 * The rules that need evaluated values (spec 6.2, "D"): what each says, and the decisions that are pure. Whoever
 * evaluates a stage calls them and hands the findings to a linter.
 */
import { posix } from 'node:path';
import { type BytePath, bytePathFromText } from '../../core/byte-path.ts';
import { type Platform, printPlatform } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';
import { whyNoArray } from '../problems/no-array.ts';
import type { LintFinding } from './linter.ts';

/** A CMD or ENTRYPOINT in shell form, `text`, with no SHELL in force that would show the shell is meant. */
export function shellFormCommand(instruction: 'CMD' | 'ENTRYPOINT', text: string): LintFinding {
  const lack = whyNoArray(text);
  return {
    rule: 'JSONArgsRecommended',
    message: `${instruction} in shell form: the shell, not the program, gets the signals that stop the container`,
    help:
      lack === undefined
        ? `write ${instruction} ["program", "argument"]`
        : `this is no JSON array, so the shell is given it as text: ${lack}`,
  };
}

/**
 * @param known the names that are set, for a suggestion
 * @param isDeclared whether some ARG of the file declares it: above the first FROM, in another stage, or further down
 */
export function undefinedVariable(name: string, known: Iterable<string>, isDeclared: boolean): LintFinding {
  const nearest = suggest(name, known);
  return {
    rule: 'UndefinedVar',
    message: `variable "$${name}" is used but not defined`,
    help: isDeclared
      ? `an ARG holds from its line to the end of its stage: write ARG ${name} above this line`
      : nearest && `did you mean $${nearest}?`,
  };
}

/** The first WORKDIR of a stage and of those it derives from is relative. */
export function relativeWorkdir(path: string): LintFinding {
  return {
    rule: 'WorkdirRelativePath',
    message: `relative workdir "${path}": where it ends up depends on the base image`,
    help: 'begin the path with /',
  };
}

/** The finding belongs to the earlier of the two: it is the one without effect. */
export function repeatedInstruction(instruction: 'CMD' | 'ENTRYPOINT' | 'HEALTHCHECK'): LintFinding {
  return {
    rule: 'MultipleInstructionsDisallowed',
    message: `${instruction} without effect: another ${instruction} follows in the same stage, and only the last counts`,
  };
}

/** `ENV name value`, which takes the whole rest of the line and one name only. */
export function legacyKeyValue(instruction: 'ENV' | 'LABEL'): LintFinding {
  return {
    rule: 'LegacyKeyValueFormat',
    message: `${instruction} in its old form, with a blank between name and value`,
    help: `write ${instruction} name=value`,
  };
}

/** The variant is no reason to warn. */
export function baseImagePlatform(image: string, wanted: Platform, found: Platform): LintFinding | undefined {
  if (wanted.os === found.os && wanted.architecture === found.architecture) return undefined;
  return {
    rule: 'InvalidBaseImagePlatform',
    message: `base image ${image} is for ${printPlatform(found)}, but ${printPlatform(wanted)} was wanted`,
  };
}

const secretParts = new Set(
  'apikey auth credential credentials key password pword passwd secret token'.split(' '),
);
const harmlessParts = new Set(['public', 'file', 'version']);

/** Says whether a variable's name is that of a secret: by whole parts between underscores. */
export function isSecretName(name: string): boolean {
  const parts = name.toLowerCase().split('_');
  return parts.some((part) => secretParts.has(part)) && !parts.some((part) => harmlessParts.has(part));
}

/** Undefined for a name that says nothing of a secret. */
export function secretInName(instruction: 'ARG' | 'ENV', name: string): LintFinding | undefined {
  if (!isSecretName(name)) return undefined;
  return {
    rule: 'SecretsUsedInArgOrEnv',
    message: `${instruction} "${name}" looks like a secret, and would stay in the image's history`,
    help: 'give secrets with RUN --mount=type=secret',
  };
}

/** What the ignore rules are asked, without knowing them here. */
export interface IgnoreRules {
  readonly patterns: readonly string[];
  ignores(path: BytePath): boolean;
}

/**
 * A context source of COPY or ADD that the ignore rules hide. Silent when a `!` pattern exists; the context's
 * root counts as hidden only under a pattern for everything.
 */
export function ignoredSource(
  instruction: 'COPY' | 'ADD',
  source: string,
  rules: IgnoreRules,
): LintFinding | undefined {
  if (rules.patterns.some((pattern) => pattern.startsWith('!'))) return undefined;
  const path = posix.join('/', source, '.').slice(1);
  const isHidden =
    path === ''
      ? rules.patterns.some((pattern) => /^\/?(\*|\*\*|\*\*\/\*)$/.test(pattern))
      : rules.ignores(bytePathFromText(path));
  if (!isHidden) return undefined;
  const verb = instruction === 'COPY' ? 'Copy' : 'Add';
  return {
    rule: 'CopyIgnoredFile',
    message: `${verb} of "${path === '' ? '.' : path}", which the ignore rules hide`,
    help: 'change the ignore file, or remove the source',
  };
}

/** What is to be said about one port of EXPOSE, as it is after expansion. */
export function exposeFindings(port: string): LintFinding[] {
  const [address = '', protocol = ''] = port.split('/', 2);
  const findings: LintFinding[] = [];
  // Colons with nothing before them name nothing.
  if (/[^:].*:/.test(address))
    findings.push({
      rule: 'ExposeInvalidFormat',
      message: `EXPOSE "${port}" names an address or a port of the host`,
      help: `write EXPOSE ${port.slice(address.lastIndexOf(':') + 1)}`,
    });
  if (protocol !== protocol.toLowerCase())
    findings.push({
      rule: 'ExposeProtoCasing',
      message: `the protocol of EXPOSE "${port}" should be lower case`,
      help: `write ${port.toLowerCase()}`,
    });
  return findings;
}
