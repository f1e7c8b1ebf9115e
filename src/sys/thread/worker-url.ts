/**
 * Where the program of a worker thread lies. The build puts every `*-worker.ts` beside all other outputs;
 * run from source, as tests do, the threads still run the bundle, for Node cannot start a `.ts` file.
 */
export function workerURL(name: string): URL {
  const directory = import.meta.url.endsWith('.ts') ? '../../../dist/' : './';
  return new URL(`${directory}${name}.cjs`, import.meta.url);
}
