import { HostError, systemCode } from '../../core/errors.ts';
import { isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import { lackOfFuseOverlay, mountFuseOverlay } from './fuse-overlay.ts';
import type { OverlayChoice } from './overlay-choice.ts';
import { type MountOverlay, mountKernelOverlay } from './overlay-mount.ts';
import { tryOverlay } from './try-overlay.ts';

/**
 * The kernel's overlay. Where it refuses one in a user namespace, as kernels before 5.11 do, fuse-overlayfs
 * takes its place if it works here. Which it is shows at the first mount.
 *
 * @param choice of builds without root; root's are the kernel's
 * @param scratch makes an empty directory in the store
 * @param tell takes the one line that says so
 */
export function chooseOverlay(
  choice: OverlayChoice | undefined,
  scratch: () => string,
  tell: (note: string) => void,
): MountOverlay {
  let chosen = choice === 'overlay' || isInitialUserNamespace() ? mountKernelOverlay : undefined;
  return (parts, target) => {
    if (chosen === undefined && choice === undefined) {
      try {
        const unmount = mountKernelOverlay(parts, target);
        chosen = mountKernelOverlay;
        return unmount;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const lack = whyNoFuseOverlay(scratch());
        if (lack !== undefined) throw new HostError(error.code, error.message, refusedByBoth(error, lack));
        const reason = systemCode(error.cause) ?? error.message;
        tell(`the kernel mounts no overlay here (${reason}): fuse-overlayfs does, more slowly`);
        chosen = mountFuseOverlay;
      }
    }
    chosen ??= requireFuseOverlay(scratch());
    return chosen(parts, target);
  };
}

/** What is missing, and what mends it. */
interface Lack {
  readonly text: string;
  readonly remedy: string;
}

/**
 * Why fuse-overlayfs cannot be used here, by trying; undefined when it can.
 * @param scratch an empty directory in the store
 */
function whyNoFuseOverlay(scratch: string): Lack | undefined {
  const lack = lackOfFuseOverlay();
  if (lack !== undefined) return lack;
  const remedy = 'it takes fuse-overlayfs 1.8, Linux 5.8 and --root on ext4, xfs or btrfs';
  try {
    const problem = tryOverlay(mountFuseOverlay, scratch);
    return problem === undefined ? undefined : { text: `with fuse-overlayfs ${problem}`, remedy };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { text: error.message, remedy };
  }
}

/** Whether an error says that the kernel mounts no such overlay, which somebody else might. */
function isRefusal(error: unknown): error is HostError {
  return error instanceof HostError && error.code === 'mount-failed';
}

/** The hint of an error where neither the kernel nor fuse-overlayfs works. */
function refusedByBoth({ hint, cause }: HostError, { text, remedy }: Lack) {
  return {
    hint: `${hint === undefined ? '' : `${hint}; or `}let fuse-overlayfs do it: ${text} (${remedy})`,
    cause,
  };
}

function requireFuseOverlay(scratch: string): MountOverlay {
  const lack = whyNoFuseOverlay(scratch);
  if (lack === undefined) return mountFuseOverlay;
  throw new HostError('mount-failed', `the configuration asks for fuse-overlayfs: ${lack.text}`, {
    hint: lack.remedy,
  });
}
