import { createRequire } from 'node:module';

export type Koffi = typeof import('koffi');

const require = createRequire(import.meta.url);

/**
 * Koffi, by its machine code where that is known to lie: the way there through its own loader, which looks
 * into the headers of executables and around in directories first, takes ten times as long.
 */
export function loadKoffi(): Koffi {
  const { arch } = process;
  try {
    return require(`@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`) as Koffi;
  } catch {
    // Another C library (musl), or another way of installing packages.
    return require('koffi') as Koffi;
  }
}
