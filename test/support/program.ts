import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A test program in TypeScript, made runnable by the Node that runs the tests. */
export interface Program {
  start(args?: readonly string[], env?: Record<string, string>): ChildProcess;
  /** Runs it to its end. */
  run(args?: readonly string[], env?: Record<string, string>): Promise<ProgramResult>;
  remove(): void;
}

export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Bundles a program for what a test process cannot do to itself: entering namespaces, dying.
 * @param entry its path relative to the project
 */
export async function bundleProgram(entry: string): Promise<Program> {
  const project = fileURLToPath(new URL('../..', import.meta.url));
  // Below node_modules, so that native packages are found from there.
  const cache = join(project, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'program-'));
  const outfile = join(directory, 'program.mjs');
  await build({
    entryPoints: [join(project, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  const start: Program['start'] = (args = [], env = {}) =>
    spawn(process.execPath, [outfile, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
  return {
    start,
    run: async (args, env) => {
      const child = start(args, env);
      let stdout = '';
      let stderr = '';
      child.stdout?.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      return new Promise((resolve) => {
        child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
      });
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
