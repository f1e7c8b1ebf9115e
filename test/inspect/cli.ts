/** Command lines in this process, and what they print compared with files that are kept. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { collector } from '../support/collector.ts';
import { fixture } from './images.ts';

export interface Terminal {
  /** Columns of a terminal; a pipe without. */
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export async function strata(args: readonly string[], { columns, env = {} }: Terminal = {}) {
  const stdout = collector();
  if (columns !== undefined) Object.assign(stdout.stream, { isTTY: true, columns });
  const stderr = collector();
  const code = await main(args, {
    stdin: new PassThrough().end(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { STRATA_ROOT: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', ...env },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Exact output, kept in fixtures/images/golden. UPDATE_GOLDEN=1 writes it anew. */
export function expectGolden(name: string, text: string): void {
  const path = fixture(`golden/${name}`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
}
