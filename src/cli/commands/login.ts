import { UsageError } from '../../core/errors.ts';
import { dockerHub } from '../../core/image-reference.ts';
import { logIn } from '../../store/login.ts';
import { askLogin } from '../ask-login.ts';
import { configPlaces, readConfig } from '../config/config-file.ts';
import { each } from '../flags/collect.ts';
import { dockerConfigFile, registryOptions } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface LoginFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly insecureRegistry: readonly string[];
}

/** `strata login`: keeps credentials that the registry took, where Docker keeps its own. */
export const defineLogin: DefineCommand = (command, { io, signal }) => {
  command
    .usage('[OPTIONS] [REGISTRY]')
    .argument('[REGISTRY]', 'host[:port]', dockerHub)
    .option('-u, --username <name>', 'user name (default: asked for)')
    .option('-p, --password <password>', 'refused: every process of the machine could read it')
    .option('--password-stdin', 'read the password from standard input')
    .option('--insecure-registry <host>', 'do without TLS, or without looking at its certificate', each, [])
    .addHelpText(
      'after',
      '\nExample:\n  strata login -u me --password-stdin registry.example.org < password.txt' +
        '\n\nCredentials are kept where Docker keeps them, and Docker finds them there.',
    )
    .action(async (server: string, flags: LoginFlags) => {
      const { env } = io;
      if (flags.password !== undefined) {
        throw new UsageError('password-in-arguments', '--password shows the password to the whole machine', {
          hint: 'change it, and give it on standard input: --password-stdin',
        });
      }
      const login = await askLogin(flags.username, flags.passwordStdin === true, io, signal);
      const options = registryOptions({ ...flags, registryMirror: [] }, readConfig(configPlaces(env)), env);
      const configFile = dockerConfigFile(env);
      const { registry, helper } = await logIn(server, login, { configFile, env }, options, signal);
      io.stdout.write(`logged in to ${registry} as ${login.username}\n`);
      if (helper === undefined) {
        io.stderr.write(
          `note: they lie unencrypted in ${configFile}; a credential helper (credsStore) keeps it safer\n`,
        );
      }
    });
};
