import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findProgram, probeHost, requireProgram } from '../../src/sys/probe.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-probe-'));
  writeFileSync(join(directory, 'tool'), '');
  chmodSync(join(directory, 'tool'), 0o755);
  writeFileSync(join(directory, 'text'), '');
  mkdirSync(join(directory, 'folder'));
  vi.stubEnv('PATH', `relative::${directory}:/usr/bin`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

test.each([
  ['on PATH', 'tool', () => join(directory, 'tool')],
  ['in a system directory PATH lacks', 'mount', () => '/usr/bin/mount'],
  ['by path', '/bin/sh', () => '/bin/sh'],
  ['not executable', 'text', () => undefined],
  ['a directory', 'folder', () => undefined],
  ['nowhere', 'no-such-tool', () => undefined],
])('findProgram: %s', (_title, name, want) => {
  expect(findProgram(name)).toBe(want());
});

test('a program that is needed and missing', () => {
  expect(requireProgram('tool', 'install it')).toBe(join(directory, 'tool'));
  expect(() => requireProgram('no-such-tool', 'install it')).toThrow(
    expect.objectContaining({ name: 'HostError', code: 'program-missing', hint: 'install it' }),
  );
});

test('what this machine can do', () => {
  expect(probeHost()).toEqual({ isRoot: process.geteuid?.() === 0, hasOverlay: expect.any(Boolean) });
});
