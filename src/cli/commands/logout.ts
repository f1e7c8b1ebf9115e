import { dockerHub } from '../../core/image-reference.ts';
import { logOut } from '../../store/login.ts';
import { dockerConfigFile } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

/** `strata logout`: forgets credentials; that there were none is no error. */
export const defineLogout: DefineCommand = (command, { io, signal }) => {
  command
    .usage('[REGISTRY]')
    .argument('[REGISTRY]', 'host[:port]', dockerHub)
    .addHelpText('after', '\nExample:\n  strata logout registry.example.org')
    .action(async (server: string) => {
      const place = { configFile: dockerConfigFile(io.env), env: io.env };
      const { registry, wasKnown } = await logOut(server, place, signal);
      io.stdout.write(wasKnown ? `logged out of ${registry}\n` : `not logged in to ${registry}\n`);
    });
};
