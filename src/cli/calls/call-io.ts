import type { CallIO } from '../../build/calls/call.ts';
import { proxyFromEnvironment } from '../../core/proxy.ts';
import type { CommandContext } from '../commands/command.ts';
import { configPlaces, readConfig } from '../config/config-file.ts';

/** What reading a Dockerfile takes of the world; a context that has to be fetched is fetched as a build would. */
export function callIO({ io: { stdin, env }, signal }: CommandContext): CallIO {
  const servers = {
    secret: () => undefined,
    get proxy() {
      return proxyFromEnvironment(env, readConfig(configPlaces(env)).proxy);
    },
  };
  return { stdin, signal, servers, now: Date.now };
}
