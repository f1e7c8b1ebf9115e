import { readFileSync } from 'node:fs';

/** Bits of linux/capability.h. */
const bits = { setGid: 6, setUid: 7, sysAdmin: 21 } as const;

/** The capabilities this process may use, a bit each. They hold for things of its own user namespace only. */
export function permittedCapabilities(): bigint {
  const hex = /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return BigInt(`0x${hex}`);
}

/** Whether this process may use a capability, in its own user namespace. */
export function hasCapability(name: keyof typeof bits): boolean {
  return ((permittedCapabilities() >> BigInt(bits[name])) & 1n) === 1n;
}
