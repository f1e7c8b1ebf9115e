/** Programs for other machines than this one, small enough to be written down here. */

/** ELF's names for machines (`e_machine`). */
const machines = { arm64: 183, loong64: 258 } as const;

const codeAt = 0x400000;
const headersSize = 64 + 56;

/**
 * A program that says `hello from another machine` and makes the directory `/made`; on loong64 it is only the
 * header of one.
 */
export function foreignProgram(machine: keyof typeof machines): Buffer {
  const code = machine === 'arm64' ? arm64Code() : Buffer.alloc(4);
  const headers = Buffer.alloc(headersSize);
  headers.write('\x7fELF\x02\x01\x01', 'latin1');
  headers.writeUInt16LE(2, 16); // an executable
  headers.writeUInt16LE(machines[machine], 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(BigInt(codeAt + headersSize), 24); // where it begins
  headers.writeBigUInt64LE(64n, 32); // its one program header
  headers.writeUInt16LE(64, 52);
  headers.writeUInt16LE(56, 54);
  headers.writeUInt16LE(1, 56);
  headers.writeUInt32LE(1, 64); // load all of it,
  headers.writeUInt32LE(5, 68); // to be read and executed
  headers.writeBigUInt64LE(BigInt(codeAt), 80);
  headers.writeBigUInt64LE(BigInt(codeAt), 88);
  const size = BigInt(headersSize + code.length);
  headers.writeBigUInt64LE(size, 96);
  headers.writeBigUInt64LE(size, 104);
  headers.writeBigUInt64LE(0x10000n, 112);
  return Buffer.concat([headers, code]);
}

/** write(1, text), mkdirat(AT_FDCWD, "/made", 0755), exit(0), by the Arm Architecture Reference Manual. */
function arm64Code(): Buffer {
  const text = Buffer.from('hello from another machine\n');
  const path = Buffer.from('/made\0');
  const move = (register: number, value: number) => 0xd2800000 + value * 32 + register;
  const call = 0xd4000001;
  const textAt = 12 * 4;
  const address = (register: number, from: number, to: number) =>
    0x10000000 + ((to - from) & 3) * 2 ** 29 + ((to - from) >> 2) * 32 + register;
  const words = [
    move(0, 1),
    address(1, 1 * 4, textAt),
    move(2, text.length),
    move(8, 64),
    call,
    0x92800000 + 99 * 32, // x0 = -100
    address(1, 6 * 4, textAt + text.length),
    move(2, 0o755),
    move(8, 34),
    call,
    // x0 is 0 by now
    move(8, 93),
    call,
  ];
  const code = Buffer.alloc(textAt);
  for (const [index, word] of words.entries()) code.writeUInt32LE(word, index * 4);
  return Buffer.concat([code, text, path]);
}
