import { PassThrough } from 'node:stream';
import { buildPlatform, planPlatform } from '../../src/build/build-platform.ts';
import { openInputs } from '../../src/build/inputs/inputs.ts';
import { parseInputs } from '../../src/build/inputs/parse-inputs.ts';
import type { BuildIO, BuildOptions } from '../../src/build/options.ts';
import { readSecrets } from '../../src/build/secrets/read-secrets.ts';
import { openSession } from '../../src/build/session.ts';
import { defineBuild } from '../../src/cli/commands/build.ts';
import { readConfig } from '../../src/cli/config/config-file.ts';
import { type BuildFlags, readBuildOptions } from '../../src/cli/flags/build-options.ts';
import { StrataCommand } from '../../src/cli/strata-command.ts';
import { Limiter } from '../../src/core/limiter.ts';
import { platformFromNode } from '../../src/core/platform.ts';

class RefusingLimiter extends Limiter {
  override run<T>(): Promise<T> {
    return Promise.reject(new Error('nothing is run for a key'));
  }
}

/** The command `strata build` with all its flags; `act` is given what was read. */
export function buildCommand(act: (context: string, flags: BuildFlags) => void): StrataCommand {
  const command = new StrataCommand('build').exitOverride();
  const stream = new PassThrough();
  const io = { stdin: stream, stdout: stream, stderr: stream, env: {} };
  defineBuild(command, {
    io,
    signal: new AbortController().signal,
    root: () => '',
    becomeRoot: async () => ({}),
    tail: undefined,
    isDebug: () => false,
    exitCode: 0,
  });
  command.action(act);
  return command;
}

/**
 * The keys of the steps of a build, by label, for a command line of `strata build`. Nothing is run: the keys
 * are those that can be known before.
 */
export async function keysOf(root: string, args: readonly string[]): Promise<Map<string, string>> {
  const env = { HOME: '/root', HTTP_PROXY: 'http://proxy' };
  let options: BuildOptions | undefined;
  const command = buildCommand((context, flags) => {
    options = readBuildOptions(flags, {
      context,
      root,
      env,
      config: readConfig({ own: [], docker: [] }),
      processors: 1,
      isStdoutTerminal: false,
      failureShell: undefined,
    });
  });
  await command.parseAsync([...args], { from: 'user' });
  if (options === undefined) throw new Error('the command line was not read');
  const io: BuildIO = {
    emit: () => {},
    signal: new AbortController().signal,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    env,
    now: Date.now,
  };
  const opened = openSession(options, io, readSecrets(options.secrets, io));
  const session = { ...opened, limiter: new RefusingLimiter(1) };
  try {
    const inputs = await openInputs(
      options,
      { ...io, servers: session.servers },
      session.store.workspace.scratch,
    );
    const platform = platformFromNode(process.arch);
    const plan = await planPlatform(session, inputs, parseInputs(inputs), platform).catch(() => undefined);
    if (plan !== undefined) {
      const wish = { compression: { algorithm: 'gzip' }, mayBeRemote: false } as const;
      await buildPlatform(session, inputs, plan, wish, () => {}).catch(() => {});
    }
    const [planned] = session.accounts;
    if (planned === undefined) throw new Error('the Dockerfile cannot be planned');
    return new Map(
      [...planned.plan.vertices.values()].flatMap(({ id, label }) => {
        const key = planned.accounts.get(id)?.key?.digest;
        return key === undefined ? [] : [[label.replace(/^\[.*?\] /, ''), key] as const];
      }),
    );
  } finally {
    await opened.close();
  }
}
