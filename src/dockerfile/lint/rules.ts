/** The build checks (spec 6.2): names as everybody knows them, so that `skip=` lists keep working. */
export interface LintRule {
  readonly name: string;
  readonly description: string;
  /** Found by reading the file, or only while the instructions of a built stage are evaluated. */
  readonly found: 'parsing' | 'evaluating';
  /** Runs only when it is asked for by name. */
  readonly isExperimental?: boolean;
}

export const lintRules = [
  {
    name: 'StageNameCasing',
    description: 'A stage name is written in lower case',
    found: 'parsing',
  },
  {
    name: 'FromAsCasing',
    description: 'AS is written in the case of its FROM',
    found: 'parsing',
  },
  {
    name: 'NoEmptyContinuation',
    description: 'A continued instruction holds no blank lines',
    found: 'parsing',
  },
  {
    name: 'ConsistentInstructionCasing',
    description: 'All instructions of a file are written in the same case',
    found: 'parsing',
  },
  {
    name: 'DuplicateStageName',
    description: 'Every stage has a name of its own',
    found: 'parsing',
  },
  {
    name: 'ReservedStageName',
    description: 'No stage is called scratch or context',
    found: 'parsing',
  },
  {
    name: 'JSONArgsRecommended',
    description: 'CMD and ENTRYPOINT are written in exec form, so that signals reach the program',
    found: 'evaluating',
  },
  {
    name: 'MaintainerDeprecated',
    description: 'The author is named by a label, not by MAINTAINER',
    found: 'parsing',
  },
  {
    name: 'UndefinedArgInFrom',
    description: 'FROM uses only variables that an ARG above it declares',
    found: 'parsing',
  },
  {
    name: 'UndefinedVar',
    description: 'Variables are defined before they are used',
    found: 'evaluating',
  },
  {
    name: 'WorkdirRelativePath',
    description: 'A relative WORKDIR follows an absolute one of the same file',
    found: 'evaluating',
  },
  {
    name: 'MultipleInstructionsDisallowed',
    description: 'CMD, ENTRYPOINT and HEALTHCHECK stand once in a stage',
    found: 'evaluating',
  },
  {
    name: 'LegacyKeyValueFormat',
    description: 'ENV and LABEL are written with an equals sign',
    found: 'evaluating',
  },
  {
    name: 'InvalidBaseImagePlatform',
    description: 'A base image has the platform that was asked for',
    found: 'evaluating',
  },
  {
    name: 'RedundantTargetPlatform',
    description: 'The target platform needs no flag in FROM, it is the default',
    found: 'parsing',
  },
  {
    name: 'FromPlatformFlagConstDisallowed',
    description: 'The platform of a FROM is not a constant',
    found: 'parsing',
  },
  {
    name: 'SecretsUsedInArgOrEnv',
    description: 'ARG and ENV hold no secrets',
    found: 'evaluating',
  },
  {
    name: 'InvalidDefaultArgInFrom',
    description: 'With the defaults of its ARGs a FROM names an image',
    found: 'parsing',
  },
  {
    name: 'CopyIgnoredFile',
    description: 'COPY and ADD take no files that the ignore rules hide',
    found: 'evaluating',
  },
  {
    name: 'InvalidDefinitionDescription',
    description: 'A comment right above a stage or an ARG describes it: "# name what it is"',
    found: 'parsing',
    isExperimental: true,
  },
  {
    name: 'ExposeProtoCasing',
    description: 'The protocol in EXPOSE is written in lower case',
    found: 'evaluating',
  },
  {
    name: 'ExposeInvalidFormat',
    description: 'EXPOSE names no addresses and no ports of the host',
    found: 'evaluating',
  },
] as const satisfies readonly LintRule[];

export type LintRuleName = (typeof lintRules)[number]['name'];

export function lintRule(name: LintRuleName): LintRule | undefined {
  return lintRules.find((rule) => rule.name === name);
}

/** Where a rule is explained. */
export function lintRuleUrl(name: LintRuleName): string {
  const kebab = name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${kebab}/`;
}
