/** Ordinary users of the machine, made for a test and removed with it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../structure/imports.ts';
import { type Outcome, type RunOptions, run, runOk } from './process.ts';

export interface Person {
  readonly name: string;
  readonly home: string;
  /** The store of this person's builds: where it lies when nobody says where. */
  readonly root: string;
  /** The command line that runs bin/strata as this person. */
  strataCommand(args: readonly string[]): [command: string, ...args: string[]];
  /** Runs it in the home directory. */
  strata(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Runs bin/strata, which must succeed. */
  strataOk(args: readonly string[], options?: RunOptions): Promise<string>;
  remove(): Promise<void>;
}

/** What a configuration file of a person says. */
export function configure(person: Person, config: Readonly<Record<string, unknown>>): void {
  const directory = join(person.home, '.config/strata');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
}

/**
 * In a mount namespace of its own: the project may lie where nobody else can look, and machines without udev
 * open /dev/fuse to root only.
 */
const asPerson =
  'mount --bind "$1" "$2" && { [ ! -e /dev/fuse ] || mount --bind "$3" /dev/fuse; } && user=$4 && shift 4 && exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"';

/**
 * @param dir made for this; others must be able to pass through what it lies in
 * @param subordinates how many subordinate ids the person has; none when 0
 */
export async function makePerson(dir: string, subordinates: number): Promise<Person> {
  const name = `strata-${randomBytes(3).toString('hex')}`;
  mkdirSync(dir, { recursive: true });
  const home = join(dir, 'home');
  const project = join(dir, 'project');
  const fuse = join(dir, 'fuse');
  mkdirSync(project);
  await runOk('mknod', ['-m', '666', fuse, 'c', '10', '229']);
  await runOk('useradd', ['--create-home', '--home-dir', home, '--shell', '/bin/sh', name]);
  // Some distributions give ids with the account, some do not.
  const ranges = ['/etc/subuid', '/etc/subgid'];
  for (const path of ranges) await runOk('sed', ['-i', `/^${name}:/d`, path]);
  if (subordinates > 0) {
    const range = `700000-${699_999 + subordinates}`;
    await runOk('usermod', ['--add-subuids', range, '--add-subgids', range, name]);
  }
  const strataCommand: Person['strataCommand'] = (args) => [
    'unshare',
    ...['--mount', 'sh', '-c', asPerson, 'sh'],
    ...[projectDir, project, fuse, name, join(project, 'bin/strata'), ...args],
  ];
  const environment = { HOME: home, XDG_DATA_HOME: undefined, STRATA_ROOT: undefined };
  const strata: Person['strata'] = (args, options = {}) => {
    const [command, ...rest] = strataCommand(args);
    return run(command, rest, { cwd: home, ...options, env: { ...environment, ...options.env } });
  };
  return {
    name,
    home,
    root: join(home, '.local/share/strata'),
    strataCommand,
    strata,
    async strataOk(args, options) {
      const { code, stdout, stderr } = await strata(args, options);
      if (code !== 0) throw new Error(`strata ${args.join(' ')} exited with ${code}\n${stdout}${stderr}`);
      return stdout;
    },
    async remove() {
      await runOk('userdel', ['--remove', name]);
    },
  };
}
