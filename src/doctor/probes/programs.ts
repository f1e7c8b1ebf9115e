import { findProgram } from '../../sys/probe.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';

interface Needed {
  readonly program: string;
  /** Of Debian. */
  readonly package: string;
  /** What does not work without it; undefined: no RUN step does. */
  readonly for?: string;
}

const needed: readonly Needed[] = [
  { program: 'unshare', package: 'util-linux' },
  { program: 'nsenter', package: 'util-linux' },
  { program: 'mount', package: 'mount' },
  { program: 'sh', package: 'dash' },
  { program: 'find', package: 'findutils' },
  { program: 'rm', package: 'coreutils' },
  { program: 'du', package: 'coreutils', for: 'strata du and prune' },
  { program: 'git', package: 'git', for: 'contexts and ADD from git' },
];

/** The programs of the system that strata starts. */
export async function programs(): Promise<Finding[]> {
  const missing = needed.filter(({ program }) => findProgram(program) === undefined);
  if (missing.length === 0) {
    return [ok('programs', needed.map(({ program }) => program).join(' '))];
  }
  return missing.map(({ program, package: of, for: purpose }) => {
    const remedy = `apt-get install ${of}`;
    return purpose === undefined
      ? fail('programs', `${program} is missing`, remedy)
      : warn('programs', `${program} is missing, without it there is no ${purpose}`, remedy);
  });
}
