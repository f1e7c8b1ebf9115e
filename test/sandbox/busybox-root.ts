import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStep } from '../../src/sandbox/run-step.ts';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import type { StepExit, StepRequest } from '../../src/sandbox/step.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import type { SnapshotID, Snapshotter } from '../../src/snapshot/snapshotter.ts';

const busybox = '/bin/busybox';

/** A sandbox, and an image of one layer in which a statically linked busybox is everything. */
export interface Workshop {
  readonly directory: string;
  readonly snapshots: Snapshotter;
  readonly sandbox: Sandbox;
  readonly base: SnapshotID;
  close(): Promise<void>;
}

export async function openWorkshop(runtime: string): Promise<Workshop> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-sandbox-'));
  const snapshots = openSnapshotter(join(directory, 'snapshots'), join(directory, 'run'));
  const sandbox = await openSandbox(
    runtime,
    join(directory, 'sandbox'),
    `${randomBytes(6).toString('hex')}-0`,
    () => {},
  );
  const active = snapshots.prepare([]);
  fillBusyboxRoot(active.upper);
  const base = snapshots.newID();
  await snapshots.commit(active, base);
  return {
    directory,
    snapshots,
    sandbox,
    base,
    close: async () => {
      await sandbox.close();
      snapshots.close();
      rmSync(directory, { recursive: true });
    },
  };
}

function fillBusyboxRoot(root: string): void {
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(root, name));
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nada:x:1000:100:Ada:/home/ada:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nusers:x:100:\nwheel:x:10:root,ada\n');
}

export interface StepOutcome extends StepExit {
  readonly stdout: string;
  readonly stderr: string;
  /** What the step left in the upper, once it is unmounted. */
  readonly upper: string;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs a shell script, or a command, on a stack of the base and more; fields of the request as given. */
export async function runIn(
  workshop: Workshop,
  command: string | readonly string[],
  request: Partial<StepRequest> = {},
  above: readonly SnapshotID[] = [],
): Promise<StepOutcome> {
  const { snapshots, sandbox, base } = workshop;
  const stack = [base, ...above];
  const active = snapshots.prepare(stack);
  const rootfs = snapshots.mount(stack, active);
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  try {
    const exit = await runStep(sandbox, {
      rootfs,
      args: typeof command === 'string' ? ['/bin/sh', '-c', command] : command,
      env: [['PATH', path]],
      cwd: '/',
      user: { uid: 0, gid: 0, groups: [0], home: '/root' },
      mounts: [],
      network: { mode: 'default', hosts: [] },
      security: 'sandbox',
      hostname: 'buildkitsandbox',
      limits: { ulimits: [] },
      onStdout: (chunk) => void stdout.push(chunk),
      onStderr: (chunk) => void stderr.push(chunk),
      ...request,
    });
    const text = (chunks: Uint8Array[]) => Buffer.concat(chunks).toString();
    return { ...exit, stdout: text(stdout), stderr: text(stderr), upper: active.upper };
  } finally {
    snapshots.unmount(rootfs);
  }
}
