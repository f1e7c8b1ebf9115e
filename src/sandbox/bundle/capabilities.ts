import { permittedCapabilities } from '../../sys/capability-sets.ts';

/** What Docker leaves to root in a container. */
const defaultCapabilities = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** In the order of their bits (linux/capability.h). */
const all = `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
  SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
  AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
  PERFMON BPF CHECKPOINT_RESTORE`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

let own: readonly string[] | undefined;

/**
 * The capabilities of a step's processes: never more than this process has, for asking for one that it
 * lacks (inside a container, say) fails.
 */
export function stepCapabilities(security: 'sandbox' | 'insecure'): readonly string[] {
  own ??= ownCapabilities();
  const has = new Set(own);
  return security === 'insecure' ? own : defaultCapabilities.filter((name) => has.has(name));
}

function ownCapabilities(): string[] {
  const bits = permittedCapabilities();
  return all.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}
