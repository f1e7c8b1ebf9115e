import { UsageError } from '../../core/errors.ts';
import type { StepResources } from '../../sandbox/step.ts';
import { parseBytes, parseCount } from './amount.ts';
import { readKeys } from './csv.ts';

const keys = [
  'memory',
  'cpu-quota',
  'cpu-period',
  'cpu-shares',
  'cpuset-cpus',
  'cpuset-mems',
  'pids-limit',
] as const;

/** Microseconds: the kernel's own default. */
const cpuPeriod = 100_000;

/**
 * Joins what `--memory`, `--cpus` and every `--resource` say about the resources of a RUN.
 * @throws UsageError `conflicting-flags`, `bad-flag-value` and those of `readKeys`
 */
export function parseResources(given: {
  readonly memory?: string | undefined;
  readonly cpus?: string | undefined;
  readonly resource: readonly string[];
}): StepResources {
  const resources: { -readonly [K in keyof StepResources]: StepResources[K] } = {};
  for (const text of given.resource) Object.assign(resources, parseResource(text));
  if (given.memory !== undefined) {
    if (resources.memoryBytes !== undefined) throw conflict('--memory', '--resource memory=');
    resources.memoryBytes = parseBytes('--memory', given.memory);
  }
  if (given.cpus !== undefined) {
    if (resources.cpuQuota !== undefined || resources.cpuPeriod !== undefined) {
      throw conflict('--cpus', '--resource cpu-quota= or cpu-period=');
    }
    const cpus = /^[0-9]*\.?[0-9]+$/.test(given.cpus) ? Number(given.cpus) : 0;
    // The kernel takes no quota below a millisecond.
    if (cpus * cpuPeriod < 1000) {
      throw new UsageError('bad-flag-value', `--cpus ${given.cpus}: want a number of 0.01 or more`);
    }
    resources.cpuPeriod = cpuPeriod;
    resources.cpuQuota = Math.round(cpus * cpuPeriod);
  }
  return resources;
}

function parseResource(text: string): StepResources {
  const flag = `--resource ${text}: `;
  const given = readKeys('--resource', text, keys);
  const count = (key: 'cpu-quota' | 'cpu-period' | 'cpu-shares' | 'pids-limit') => {
    const value = given[key];
    return value === undefined ? undefined : parseCount(`${flag}${key}`, value, 1);
  };
  const found: StepResources = {
    memoryBytes: given.memory === undefined ? undefined : parseBytes(`${flag}memory`, given.memory),
    cpuQuota: count('cpu-quota'),
    cpuPeriod: count('cpu-period'),
    cpuShares: count('cpu-shares'),
    cpusetCpus: parseSet(flag, 'cpuset-cpus', given['cpuset-cpus']),
    cpusetMems: parseSet(flag, 'cpuset-mems', given['cpuset-mems']),
    pidsLimit: count('pids-limit'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** `0-3,5`: in a comma-separated flag it stands in quotes. */
function parseSet(flag: string, key: string, value: string | undefined): string | undefined {
  if (value !== undefined && !/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/.test(value)) {
    throw new UsageError('bad-flag-value', `${flag}${key} is a list such as 0-3,5, not "${value}"`);
  }
  return value;
}

function conflict(a: string, b: string): UsageError {
  return new UsageError('conflicting-flags', `${a} and ${b} say the same`, { hint: 'give one of them' });
}
