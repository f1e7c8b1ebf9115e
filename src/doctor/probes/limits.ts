import { type CgroupPlace, findCgroupPlace, limitControllers } from '../../sandbox/limits/cgroup-place.ts';
import { type Finding, ok, warn } from '../finding.ts';

const wanted = ['memory', 'cpu', 'cpuset', 'pids'];

/** What makes systemd hand the rest to people as well, for root. */
const handOn =
  "as root: mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload; then log in anew";

/** Which limits a step can be given. */
export function limits(): Finding {
  const place: CgroupPlace = findCgroupPlace();
  if (place.parent === undefined) {
    return warn(
      'limits',
      `none, --memory, --cpus and --resource are errors: ${place.reason}`,
      'systemd-run --user --scope -p Delegate=yes strata build … (in a container: limit the container)',
    );
  }
  const { version, controllers } = limitControllers(place.parent);
  const missing = wanted.filter((name) => !controllers.includes(name));
  const text = `control groups of version ${version}`;
  if (missing.length === 0) return ok('limits', `${text}, with ${wanted.join(', ')}`);
  return warn(
    'limits',
    `${text}, without ${missing.join(', ')}`,
    version === 2 ? handOn : 'start strata in a group with all controllers (docs/ROOTLESS.md)',
  );
}
