import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

export interface CompiledModule<Exports> {
  readonly exports: Exports;
  /**
   * Keeps what was compiled so far for the next process, if there is nothing yet or this process did more kinds
   * of things than those before it, and the place can be written to.
   */
  keepCompiled(): void;
}

const digestBytes = 32;

interface Compiled {
  /** How many of Node's costly modules were in use when it was kept: as many kinds of things had been compiled. */
  readonly breadth: number;
  readonly data: Buffer;
}

/**
 * Loads a CommonJS file, wrapped in its function and of ASCII characters only, without compiling what an
 * earlier process kept compiled. That lies beside the file under a name of its own for every V8: whoever can
 * write there can write the file itself, so it is trusted as much. V8 compares neither the content of the
 * file, which must therefore have another name when it changes, nor its own bytes: a digest stands in front
 * of them.
 */
export function loadCompiled<Exports>(url: URL): CompiledModule<Exports> {
  const filename = fileURLToPath(url);
  const kept = `${filename}.${process.arch}-${process.versions.v8}`;
  const before = readCompiled(kept);
  const cachedData = before?.data;
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  const used = new Set<string>();
  const module = { exports: {} as Exports };
  const require = deferring(createRequire(url), used);
  script.runInThisContext()(module.exports, require, module, filename, dirname(filename));
  return {
    exports: module.exports,
    keepCompiled() {
      if (before !== undefined && used.size <= before.breadth) return;
      writeCompiled(kept, { breadth: used.size, data: script.createCachedData() });
    },
  };
}

function readCompiled(path: string): Compiled | undefined {
  try {
    const bytes = readFileSync(path);
    const sealed = bytes.subarray(digestBytes);
    if (!digest(sealed).equals(bytes.subarray(0, digestBytes))) return undefined;
    return { breadth: sealed[0] ?? 0, data: sealed.subarray(1) };
  } catch {
    return undefined;
  }
}

function writeCompiled(path: string, { breadth, data }: Compiled): void {
  const sealed = Buffer.concat([Buffer.of(breadth), data]);
  const aside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(aside, Buffer.concat([digest(sealed), sealed]), { flag: 'wx', mode: 0o644 });
    renameSync(aside, path);
  } catch {
    // Somebody else's installation: it starts a little slower.
  }
}

function digest(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Node's own modules that take a millisecond and more each, and that many commands have no use for. */
const costly = new Set(
  ['child_process', 'fs/promises', 'http', 'net', 'stream/promises', 'tls', 'worker_threads', 'zlib'].map(
    (name) => `node:${name}`,
  ),
);

/** A `require` that loads costly modules when something of them is used, and notes which. */
function deferring(require: NodeJS.Require, used: Set<string>): (id: string) => unknown {
  return (id) => {
    if (!costly.has(id)) return require(id);
    const target = () => {
      used.add(id);
      return require(id) as object;
    };
    return new Proxy(
      {},
      {
        get: (_, name) => Reflect.get(target(), name),
        has: (_, name) => Reflect.has(target(), name),
        ownKeys: () => Reflect.ownKeys(target()),
        getOwnPropertyDescriptor: (_, name) => ({
          ...Reflect.getOwnPropertyDescriptor(target(), name),
          configurable: true,
        }),
      },
    );
  };
}
