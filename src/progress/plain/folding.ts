/** Marks that let the log view of a CI service fold the lines of a step. Times are milliseconds since the epoch. */
export interface Folding {
  open(section: Section, at: number): string;
  close(section: Section, at: number): string;
}

export interface Section {
  /** Unique in the log. */
  readonly name: string;
  readonly title: string;
}

const github: Folding = {
  open: ({ title }) => `::group::${title}\n`,
  close: () => '::endgroup::\n',
};

const gitlab: Folding = {
  open: ({ name, title }, at) => `\x1b[0Ksection_start:${seconds(at)}:${name}\r\x1b[0K${title}\n`,
  close: ({ name }, at) => `\x1b[0Ksection_end:${seconds(at)}:${name}\r\x1b[0K\n`,
};

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** The marks of the service whose environment this is, if it is one that folds. */
export function foldingFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Folding | undefined {
  if (environment.GITHUB_ACTIONS === 'true') return github;
  if (environment.GITLAB_CI === 'true') return gitlab;
  return undefined;
}
