/** The program's entry. It loads as little as possible before it knows what is asked. */
import { writeSync } from 'node:fs';
import { releaseCertificates } from './held-certificates.ts';
import { version } from './version.ts';

/** Put in by scripts/build.mjs: the bundle of main.ts, beside this one. */
declare const STRATA_PROGRAM: string;

const args = process.argv.slice(2);

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // The stream of the standard output takes longer to load than everything else here.
  writeSync(1, `strata ${version}\n`);
} else {
  releaseCertificates(process.env);
  run();
}

async function run(): Promise<void> {
  const { loadCompiled } = await import('./load-compiled.ts');
  const program = loadCompiled<typeof import('./main.ts')>(new URL(STRATA_PROGRAM, import.meta.url));
  const { crash, leave, main } = program.exports;
  process.once('uncaughtException', (error) => crash(error, process));
  // Should everything fall silent before the command has ended, that is a bug and no success.
  process.exitCode = 70;
  process.exitCode = await main(args, process);
  if (args.includes('build')) program.keepCompiled();
  leave(process);
}
