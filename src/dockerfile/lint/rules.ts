/** The build checks (spec 6.2): names as everybody knows them, so that `skip=` lists keep working. */
export interface LintRule {
  readonly name: string;
  readonly description: string;
  /** Why, and what to write instead. */
  readonly help: string;
  /** Found by reading the file, or only while the instructions of a built stage are evaluated. */
  readonly found: 'parsing' | 'evaluating';
  /** Runs only when it is asked for by name. */
  readonly isExperimental?: boolean;
}

export const lintRules = [
  {
    name: 'StageNameCasing',
    description: 'A stage name is written in lower case',
    help: 'Names of stages are compared without regard to case; one spelling everywhere is easier to find. Write the name in lower case.',
    found: 'parsing',
  },
  {
    name: 'FromAsCasing',
    description: 'AS is written in the case of its FROM',
    help: 'FROM and AS belong together. Write both in upper case or both in lower case.',
    found: 'parsing',
  },
  {
    name: 'NoEmptyContinuation',
    description: 'A continued instruction holds no blank lines',
    help: 'A blank line inside a continued instruction is easily taken for its end, and will become an error. Remove it, or make it a comment line.',
    found: 'parsing',
  },
  {
    name: 'ConsistentInstructionCasing',
    description: 'All instructions of a file are written in the same case',
    help: 'Write the names of all instructions in the same case, upper case as a rule.',
    found: 'parsing',
  },
  {
    name: 'DuplicateStageName',
    description: 'Every stage has a name of its own',
    help: 'FROM takes the last stage of the name above it, COPY --from and --target the last of the file. Give each stage a name of its own.',
    found: 'parsing',
  },
  {
    name: 'ReservedStageName',
    description: 'No stage is called scratch or context',
    help: 'scratch is the empty image and context the build context. Choose another name for the stage.',
    found: 'parsing',
  },
  {
    name: 'JSONArgsRecommended',
    description: 'CMD and ENTRYPOINT are written in exec form, so that signals reach the program',
    help: 'In shell form the shell is the first process of the container, and does not pass SIGTERM on: stopping waits for the timeout. Write a JSON array, or declare the shell you want with SHELL.',
    found: 'evaluating',
  },
  {
    name: 'MaintainerDeprecated',
    description: 'The author is named by a label, not by MAINTAINER',
    help: 'Nothing but old tools reads the author field. Write LABEL org.opencontainers.image.authors="…".',
    found: 'parsing',
  },
  {
    name: 'UndefinedArgInFrom',
    description: 'FROM uses only variables that an ARG above it declares',
    help: 'FROM sees only the ARGs above the first FROM and the automatic ones. Declare the variable there.',
    found: 'parsing',
  },
  {
    name: 'UndefinedVar',
    description: 'Variables are defined before they are used',
    help: 'An undefined variable is silently empty. Declare it with ARG or ENV before its use, or correct its name.',
    found: 'evaluating',
  },
  {
    name: 'WorkdirRelativePath',
    description: 'A relative WORKDIR follows an absolute one of the same file',
    help: 'Where a relative WORKDIR leads depends on the base image, which may change. Begin the first one of a stage with /.',
    found: 'evaluating',
  },
  {
    name: 'MultipleInstructionsDisallowed',
    description: 'CMD, ENTRYPOINT and HEALTHCHECK stand once in a stage',
    help: 'Only the last CMD, ENTRYPOINT and HEALTHCHECK of a stage have an effect. Remove the earlier ones.',
    found: 'evaluating',
  },
  {
    name: 'LegacyKeyValueFormat',
    description: 'ENV and LABEL are written with an equals sign',
    help: 'Without an equals sign everything behind the name is its value, other names too. Write NAME=value.',
    found: 'evaluating',
  },
  {
    name: 'InvalidBaseImagePlatform',
    description: 'A base image has the platform that was asked for',
    help: 'The image exists for another operating system or architecture only, and its programs may not run. Choose an image that has the platform, or build for the platform of the image.',
    found: 'evaluating',
  },
  {
    name: 'RedundantTargetPlatform',
    description: 'The target platform needs no flag in FROM, it is the default',
    help: 'A base image is taken for the target platform anyway. Remove the flag.',
    found: 'parsing',
  },
  {
    name: 'FromPlatformFlagConstDisallowed',
    description: 'The platform of a FROM is not a constant',
    help: 'A constant platform makes the image wrong for every other target. Use $BUILDPLATFORM for tools of the build, or name the stage after its platform if it is meant.',
    found: 'parsing',
  },
  {
    name: 'SecretsUsedInArgOrEnv',
    description: 'ARG and ENV hold no secrets',
    help: 'Values of ARG and ENV stay in the history and the configuration of the image, for everybody to read. Give secrets with RUN --mount=type=secret.',
    found: 'evaluating',
  },
  {
    name: 'InvalidDefaultArgInFrom',
    description: 'With the defaults of its ARGs a FROM names an image',
    help: 'Without build arguments this FROM names no image, so the file does not build as it is. Give the ARG a default.',
    found: 'parsing',
  },
  {
    name: 'CopyIgnoredFile',
    description: 'COPY and ADD take no files that the ignore rules hide',
    help: 'What the ignore file hides is not in the build context, so the instruction fails or copies less than it says. Change the rule or remove the source.',
    found: 'evaluating',
  },
  {
    name: 'InvalidDefinitionDescription',
    description: 'A comment right above a stage or an ARG describes it: "# name what it is"',
    help: 'A comment right above a stage or an ARG is shown as its description by --call outline and --call targets. Begin it with the name, or separate it with a line that holds # alone.',
    found: 'parsing',
    isExperimental: true,
  },
  {
    name: 'ExposeProtoCasing',
    description: 'The protocol in EXPOSE is written in lower case',
    help: 'Write tcp, udp and sctp in lower case, as the ports are stored.',
    found: 'evaluating',
  },
  {
    name: 'ExposeInvalidFormat',
    description: 'EXPOSE names no addresses and no ports of the host',
    help: 'EXPOSE names ports of the container; addresses and ports of the host are chosen when it is run. Write the container port only.',
    found: 'evaluating',
  },
] as const satisfies readonly LintRule[];

export type LintRuleName = (typeof lintRules)[number]['name'];

/** The rule itself: every `LintRuleName` has one. */
export function lintRule(name: LintRuleName): LintRule | undefined {
  return lintRules.find((rule) => rule.name === name);
}

/** Where a rule is explained. */
export function lintRuleUrl(name: LintRuleName): string {
  const kebab = name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${kebab}/`;
}
