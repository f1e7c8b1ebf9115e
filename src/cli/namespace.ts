import { homedir } from 'node:os';
import { HostError } from '../core/errors.ts';
import {
  type Arrival,
  arriveInUserNamespace,
  enterUserNamespace,
  isRootEnough,
} from '../sys/user-namespace/enter.ts';
import { refusalHint } from '../sys/user-namespace/refusals.ts';
import { holdCertificates } from './held-certificates.ts';

/**
 * What a command calls before it touches files of a store that belong to others than the person: makes the
 * process root, by a user namespace where it is not. There the program begins anew, so nothing may have been
 * done by then that cannot be done twice.
 */
export type BecomeRoot = () => Promise<Arrival>;

/** @param root the state directory: root of a namespace would look for it where root's lies */
export function openBecomeRoot(root: () => string): BecomeRoot {
  const arrival = arriveInUserNamespace(process.env);
  return async () => {
    if (isRootEnough()) return arrival ?? {};
    if (arrival !== undefined) {
      throw new HostError(
        'no-user-namespace',
        'this process is root of a user namespace, and may do nothing there',
        {
          hint: refusalHint('docs/ROOTLESS.md says what building without root takes'),
        },
      );
    }
    const HOME = process.env.HOME || homedir();
    return enterUserNamespace({ ...holdCertificates(process.env), HOME, STRATA_ROOT: root() });
  };
}
