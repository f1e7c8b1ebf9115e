import { describe, expect, test } from 'vitest';
import { parseBytes } from '../../../src/cli/flags/amount.ts';
import { parseResources } from '../../../src/cli/flags/resources.ts';
import { outcome, type Want } from './outcome.ts';

describe('amounts', () => {
  const bytes: [text: string, want: Want][] = [
    ['512', 512],
    ['512b', 512],
    ['1k', 1024],
    ['64MB', 64 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['-1', expect.stringMatching(/^bad-flag-value/)],
    ['much', 'bad-flag-value: --memory much: not a number of bytes | for example 512m or 2g'],
  ];
  test.each(bytes)('bytes %s', (text, want) => {
    expect(outcome(() => parseBytes('--memory', text))).toEqual(want);
  });

  const resources: [
    title: string,
    given: { memory?: string; cpus?: string; resource?: string[] },
    want: Want,
  ][] = [
    ['nothing', {}, {}],
    [
      'memory and cpus',
      { memory: '1g', cpus: '1.5' },
      { memoryBytes: 1024 ** 3, cpuPeriod: 100_000, cpuQuota: 150_000 },
    ],
    [
      'resources',
      { resource: ['memory=1k,cpu-quota=5000', '"cpuset-cpus=0-3,5"', 'pids-limit=20'] },
      { memoryBytes: 1024, cpuQuota: 5000, cpusetCpus: '0-3,5', pidsLimit: 20 },
    ],
    ['no cpus at all', { cpus: '0' }, 'bad-flag-value: --cpus 0: want a number of 0.01 or more'],
    ['twice', { memory: '1g', resource: ['memory=2g'] }, expect.stringMatching(/^conflicting-flags/)],
    ['an unknown one', { resource: ['cpu-share=1'] }, expect.stringMatching(/did you mean cpu-shares/)],
    [
      'not a number',
      { resource: ['cpu-shares=many'] },
      'bad-flag-value: --resource cpu-shares=many: cpu-shares many: want a whole number, 1 or more',
    ],
    [
      'no process',
      { resource: ['pids-limit=0'] },
      'bad-flag-value: --resource pids-limit=0: pids-limit 0: want a whole number, 1 or more',
    ],
    [
      'as many processes as there is room for',
      { resource: ['pids-limit=-1'] },
      'bad-flag-value: --resource pids-limit=-1: pids-limit -1: want a whole number, 1 or more',
    ],
  ];
  test.each(resources)('resources: %s', (_title, given, want) => {
    expect(outcome(() => parseResources({ resource: [], ...given }))).toEqual(want);
  });
});
