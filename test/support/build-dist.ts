import { runOk } from './process.ts';

/** Tests that start bin/strata test the sources as they are, not the build of yesterday. */
export async function setup(): Promise<void> {
  await runOk('npm', ['run', '--silent', 'build']);
}
