import { StrataError } from './errors.ts';

/** os/architecture[/variant], with Go's names (image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
}

/** The operating systems a platform may name. */
export const knownSystems: readonly string[] = [
  ...['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'dragonfly', 'solaris', 'illumos', 'aix'],
  ...['android', 'ios', 'plan9', 'wasi', 'wasip1', 'js'],
];

/** The architectures a platform may name. */
export const knownArchitectures: readonly string[] = [
  ...['386', 'amd64', 'arm', 'armbe', 'arm64', 'arm64be', 'loong64', 'mips', 'mipsle', 'mips64', 'mips64le'],
  ...['ppc', 'ppc64', 'ppc64le', 'riscv', 'riscv64', 's390', 's390x', 'sparc', 'sparc64', 'wasm'],
];

const otherSystems: Record<string, string> = { macos: 'darwin' };

const otherArchitectures: Record<string, { architecture: string; variant?: string }> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
  i386: { architecture: '386' },
  i686: { architecture: '386' },
};

/** Folds other spellings to the usual ones: `x86_64` is `amd64`, arm64 needs no `v8`, 32-bit arm defaults to `v7`. */
export function normalizePlatform(platform: Platform): Platform {
  const known = otherArchitectures[platform.architecture.toLowerCase()];
  const architecture = known?.architecture ?? platform.architecture.toLowerCase();
  let variant: string | undefined = (platform.variant ?? known?.variant ?? '').toLowerCase();
  if (/^[0-9]+$/.test(variant)) variant = `v${variant}`;
  if (architecture === 'arm64' && variant === 'v8') variant = '';
  if (architecture === 'amd64' && variant === 'v1') variant = '';
  if (architecture === 'arm' && variant === '') variant = 'v7';
  return {
    os: otherSystems[platform.os.toLowerCase()] ?? platform.os.toLowerCase(),
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(platform.osVersion === undefined ? {} : { osVersion: platform.osVersion }),
  };
}

/**
 * Reads `os/arch[/variant]`, or an architecture or an operating system alone.
 * @throws StrataError `bad-platform`
 */
export function parsePlatform(text: string, host: Platform): Platform {
  const parts = text.trim().split('/');
  const bad = parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (bad)
    throw new StrataError(
      'bad-platform',
      `"${text}" is not a platform: want os/architecture[/variant], for example linux/amd64`,
    );
  const [first = '', second, variant] = parts;
  if (second === undefined) {
    const { os } = normalizePlatform({ ...host, os: first });
    if (knownSystems.includes(os)) return { ...host, os };
    const platform = normalizePlatform({ os: host.os, architecture: first });
    if (knownArchitectures.includes(platform.architecture)) return platform;
    throw new StrataError('bad-platform', `no platform is called "${text}": want os/architecture[/variant]`);
  }
  return normalizePlatform({ os: first, architecture: second, variant });
}

/** `os/arch`, with `/variant` where there is one. */
export function printPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The machine's own platform from Node's `process.arch` spelling. */
export function platformFromNode(arch: string): Platform {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386', arm: 'arm' };
  return normalizePlatform({ os: 'linux', architecture: names[arch] ?? arch });
}
