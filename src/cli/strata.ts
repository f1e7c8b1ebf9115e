/** The program's entry. It loads as little as possible before it knows what is asked. */
import module from 'node:module';
import { version } from './version.ts';

const args = process.argv.slice(2);

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  console.log(`strata ${version}`);
} else {
  // From Node 22.1 on: later starts skip compiling.
  if ('enableCompileCache' in module) (module.enableCompileCache as () => unknown)();
  const { crash, main } = await import('./main.ts');
  process.once('uncaughtException', (error) => crash(error, process));
  // Should everything fall silent before the command has ended, that is a bug and no success.
  process.exitCode = 70;
  process.exitCode = await main(args, process);
}
