import { describe, expect, test } from 'vitest';
import { bundleConfig, type RuntimeMount } from '../../../src/sandbox/bundle/bundle.ts';
import type { StepLimits, StepRequest } from '../../../src/sandbox/step.ts';

const request: StepRequest = {
  rootfs: '/merged',
  args: ['true'],
  env: [],
  cwd: '/',
  user: { uid: 1, gid: 2, groups: [2, 3], home: '/h' },
  mounts: [],
  network: { mode: 'default', hosts: [] },
  security: 'sandbox',
  hostname: 'h',
  limits: { ulimits: [] },
  onStdout: () => {},
  onStderr: () => {},
};
const mount = (destination: string, source: string): RuntimeMount => ({
  destination,
  type: 'bind',
  source,
  options: [],
});

describe('mounts', () => {
  const order = (...mounts: RuntimeMount[]) =>
    bundleConfig(request, mounts, '/c').mounts.map(({ destination }) => destination);

  test('parents come before what lies in them, whatever the order given', () => {
    const all = order(
      mount('/a/b/c', 'x'),
      mount('/a-b', 'x'),
      mount('/a/b', 'x'),
      mount('/dev/x', 'x'),
      mount('/a', 'x'),
    );
    for (const [index, destination] of all.entries()) {
      const inside = all.slice(0, index).filter((earlier) => earlier.startsWith(`${destination}/`));
      expect(inside).toEqual([]);
    }
    expect(all).toHaveLength(7 + 5);
  });

  test("the step's own wins over the system's", () => {
    const { mounts } = bundleConfig(request, [mount('/dev/shm', 'mine')], '/c');
    expect(mounts.filter(({ destination }) => destination === '/dev/shm')).toEqual([
      mount('/dev/shm', 'mine'),
    ]);
  });
});

describe('limits', () => {
  test.each<[string, Partial<StepLimits>, object]>([
    ['memory', { memoryBytes: 4096 }, { memory: { limit: 4096 } }],
    [
      'processor',
      { cpuQuota: 1, cpuPeriod: 2, cpuShares: 3, cpusetCpus: '0-1', cpusetMems: '0' },
      { cpu: { quota: 1, period: 2, shares: 3, cpus: '0-1', mems: '0' } },
    ],
    ['processes', { pidsLimit: 7 }, { pids: { limit: 7 } }],
  ])('%s', (_title, limits, want) => {
    const config = bundleConfig({ ...request, limits: { ulimits: [], ...limits } }, [], '/c');
    expect(config.linux.resources).toMatchObject(want);
  });

  test('none given: none written', () => {
    const text = JSON.stringify(bundleConfig(request, [], '/c').linux.resources);
    expect(text).not.toMatch(/memory|quota|shares|cpus|pids/);
  });
});

test('only a step without network has a network of its own', () => {
  const types = (mode: StepRequest['network']['mode']) =>
    bundleConfig({ ...request, network: { mode, hosts: [] } }, [], '/c').linux.namespaces.map(
      ({ type }) => type,
    );
  const shared = ['pid', 'mount', 'ipc', 'uts', 'cgroup'];
  expect(types('default')).toEqual(shared);
  expect(types('host')).toEqual(shared);
  expect(types('none')).toEqual([...shared, 'network']);
});
