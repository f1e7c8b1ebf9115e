import { readFileSync } from 'node:fs';
import { HostError } from '../../core/errors.ts';

/** What makes user namespaces fail, and the command that mends it; the first one that is so is told. */
const refusals: readonly {
  readonly path: string;
  readonly value: string;
  readonly message: string;
  readonly mend: string;
}[] = [
  {
    path: '/proc/sys/user/max_user_namespaces',
    value: '0',
    message: 'this machine allows none',
    mend: 'sysctl -w user.max_user_namespaces=15000',
  },
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    value: '0',
    message: 'this machine allows them to root only',
    mend: 'sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    value: '1',
    message: 'AppArmor leaves no rights in them',
    mend: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
];

/** The setting of the machine that forbids user namespaces to people, if there is one. */
export function userNamespaceRefusal(): { readonly message: string; readonly mend: string } | undefined {
  return refusals.find(({ path, value }) => readSetting(path) === value);
}

/** What mends that setting, if there is one; or else `hint`. */
export function refusalHint(hint: string): string {
  const refusal = userNamespaceRefusal();
  return refusal === undefined ? hint : `as root: ${refusal.mend}`;
}

/** @param said what the attempt printed */
export function whyNoUserNamespace(said: string): HostError {
  const reason = userNamespaceRefusal()?.message ?? (said === '' ? 'it does not say why' : said);
  return new HostError(
    'no-user-namespace',
    `cannot make a user namespace, which building without root takes: ${reason}`,
    {
      hint: refusalHint(
        'inside a container its seccomp or AppArmor profile may forbid it: docs/ROOTLESS.md has the flags to start it with',
      ),
    },
  );
}

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    // Other kernels have other settings.
    return undefined;
  }
}
