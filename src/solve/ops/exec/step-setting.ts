/** The sandbox of one RUN: its filesystem mounted, its mounts opened, for as long as somebody works in it. */
import { traced } from '../../../core/trace.ts';
import type { ExecOp } from '../../../plan/vertex.ts';
import type { StepMount, StepSetting } from '../../../sandbox/step.ts';
import { resolveUser } from '../../../sandbox/user.ts';
import type { ActiveSnapshot, Stack } from '../../../snapshot/snapshotter.ts';
import { openMounts } from './mounts/mounts.ts';
import type { StepServices } from './step-services.ts';

/**
 * Does `work` in the sandbox of a step.
 *
 * @param services the step, and what its mounts take
 * @param active takes what is changed
 * @throws StepError when a mount or the user is not to be had, and what `work` throws
 */
export async function inSetting<T>(
  below: Stack,
  active: ActiveSnapshot,
  services: StepServices,
  work: (setting: StepSetting) => Promise<T>,
): Promise<T> {
  const { settings, origins, context } = services;
  const { op } = services.vertex;
  const { snapshotter } = origins;
  const opened = await openMounts(services);
  try {
    const rootfs = traced('mount', () => snapshotter.mount(below, active));
    try {
      const { args, cwd, network, security, hostname } = op;
      return await work({
        rootfs,
        args,
        cwd,
        security,
        hostname,
        env: [...new Map([...op.env, ...op.proxyEnv, ...opened.env])],
        user: resolveUser(snapshotter.view(below), op.user),
        mounts: [...opened.mounts, ...scriptMounts(op)],
        network: { mode: network, hosts: settings.hosts },
        limits: settings.limits,
        signal: context.signal,
      });
    } finally {
      traced('unmount', () => snapshotter.unmount(rootfs));
    }
  } finally {
    await opened.release();
  }
}

/** A heredoc that names its interpreter is a file the step sees, not a command text (Dockerfile reference, 1.8). */
function scriptMounts({ script }: ExecOp): StepMount[] {
  if (script === undefined) return [];
  const content = Buffer.from(script.text);
  return [{ type: 'file', target: script.path, content, mode: 0o755, uid: 0, gid: 0 }];
}
