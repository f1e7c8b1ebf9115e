/** Programs for other machines than this one: the kernel runs them through an emulator, if one is registered. */
import { closeSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { type BytePath, bytePathFromText, joinBytePath } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import { type FileTree, resolveBeneath } from '../core/file-tree.ts';

/** What an ELF file says of the machine it is for (System V ABI, "ELF Header"), by Go's names. */
interface Machine {
  readonly name: string;
  /** `e_machine`. */
  readonly code: number;
  readonly bits: 32 | 64;
  readonly isBigEndian?: boolean;
  /** What qemu calls it. */
  readonly qemu: string;
}

const machines: readonly Machine[] = [
  { name: 'amd64', code: 62, bits: 64, qemu: 'x86_64' },
  { name: '386', code: 3, bits: 32, qemu: 'i386' },
  { name: 'arm64', code: 183, bits: 64, qemu: 'aarch64' },
  { name: 'arm', code: 40, bits: 32, qemu: 'arm' },
  { name: 'riscv64', code: 243, bits: 64, qemu: 'riscv64' },
  { name: 'ppc64le', code: 21, bits: 64, qemu: 'ppc64le' },
  { name: 's390x', code: 22, bits: 64, isBigEndian: true, qemu: 's390x' },
  { name: 'mips64le', code: 8, bits: 64, qemu: 'mips64el' },
  { name: 'loong64', code: 258, bits: 64, qemu: 'loongarch64' },
];

/** This machine and what it runs besides, by Node's names. */
const native: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', '386'],
  arm64: ['arm64', 'arm'],
  ppc64: ['ppc64le'],
  mips64el: ['mips64le'],
};

/** Files that tell of the handlers the kernel knows, where this is mounted. */
const handlerDirectory = '/proc/sys/fs/binfmt_misc';

/**
 * Why a command of a step could not run, if that is because its program is for another machine and nobody
 * emulates that one here.
 * @param tree the filesystem of the step
 */
export function foreignProgram(
  tree: FileTree,
  command: string,
  env: readonly (readonly [name: string, value: string])[],
): StepError | undefined {
  const header = readHeader(tree, findProgram(tree, command, env));
  const machine = header === undefined ? undefined : machineOf(header);
  const own = native[arch()] ?? [arch()];
  if (header === undefined || machine === undefined || own.includes(machine.name)) return undefined;
  const handlers = readHandlers().filter((handler) => handler.fits(header));
  if (handlers.some(({ isFixed }) => isFixed)) return undefined;
  const conf = `/usr/lib/binfmt.d/qemu-${machine.qemu}.conf`;
  const remedy = `apt-get install qemu-user-static, and unless that did it: mount -t binfmt_misc none ${handlerDirectory}; cat ${conf} > ${handlerDirectory}/register`;
  return new StepError(
    'no-emulator',
    `${command} is a program for ${machine.name}, and this machine (${own[0]}) has no emulator for it`,
    {
      hint:
        handlers.length === 0
          ? `register one: ${remedy}`
          : `there is one, but registered without the flag F it is not found in containers: ${remedy}`,
    },
  );
}

/** The machines, by Go's names, whose programs run in containers here though this machine is another one. */
export function emulatedMachines(): string[] {
  const handlers = readHandlers().filter(({ isFixed }) => isFixed);
  const own = native[arch()] ?? [arch()];
  return machines
    .filter(({ name }) => !own.includes(name))
    .filter((machine) => handlers.some((handler) => handler.fits(headerFor(machine))))
    .map(({ name }) => name);
}

/** How its programs begin. */
function headerFor({ code, bits, isBigEndian = false }: Machine): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(elfMagic);
  header.set([bits / 32, isBigEndian ? 2 : 1, 1], 4);
  const executable = 2;
  for (const [at, value] of [
    [16, executable],
    [18, code],
  ] as const) {
    if (isBigEndian) header.writeUInt16BE(value, at);
    else header.writeUInt16LE(value, at);
  }
  return header;
}

/** Where the kernel would find the program: a path, or a name that is looked for in PATH. */
function findProgram(
  tree: FileTree,
  command: string,
  env: readonly (readonly [name: string, value: string])[],
): BytePath | undefined {
  const places = command.includes('/')
    ? ['']
    : (env.findLast(([name]) => name === 'PATH')?.[1] ?? '').split(':');
  return places
    .map((place) => resolveBeneath(tree, joinBytePath(bytePathFromText(place), bytePathFromText(command))))
    .find((path) => tree.lstat(path)?.type === 'file');
}

const headerBytes = 20;
const elfMagic = 0x7f454c46;

function readHeader(tree: FileTree, path: BytePath | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  const fd = tree.open(path);
  try {
    const header = Buffer.alloc(headerBytes);
    return readSync(fd, header, 0, headerBytes, 0) === headerBytes ? header : undefined;
  } finally {
    closeSync(fd);
  }
}

function machineOf(header: Buffer): Machine | undefined {
  if (header.readUInt32BE(0) !== elfMagic) return undefined;
  const isBigEndian = header[5] === 2;
  const code = isBigEndian ? header.readUInt16BE(18) : header.readUInt16LE(18);
  const bits = header[4] === 2 ? 64 : 32;
  return machines.find(
    (each) => each.code === code && each.bits === bits && (each.isBigEndian ?? false) === isBigEndian,
  );
}

/** An interpreter that the kernel has for some programs (Documentation/admin-guide/binfmt-misc.rst). */
interface Handler {
  /** The kernel holds it open, so that a container need not have it. */
  readonly isFixed: boolean;
  fits(header: Buffer): boolean;
}

function readHandlers(): Handler[] {
  try {
    const names = readdirSync(handlerDirectory).filter((name) => name !== 'register' && name !== 'status');
    return names.flatMap((name) => parseHandler(readFileSync(join(handlerDirectory, name), 'latin1')));
  } catch {
    // Not mounted, or none of our business: then none is known.
    return [];
  }
}

function parseHandler(text: string): Handler[] {
  const value = (name: string) => new RegExp(`^${name}:? ([^\n]*)$`, 'm').exec(text)?.[1] ?? '';
  const magic = Buffer.from(value('magic'), 'hex');
  const mask = Buffer.from(value('mask'), 'hex');
  const offset = Number(value('offset'));
  if (!text.startsWith('enabled') || magic.length === 0) return [];
  const fits = (header: Buffer) =>
    magic.every((byte, at) => {
      const bits = mask[at] ?? 0xff;
      return ((header[offset + at] ?? 0) & bits) === (byte & bits);
    });
  return [{ isFixed: value('flags').includes('F'), fits }];
}
