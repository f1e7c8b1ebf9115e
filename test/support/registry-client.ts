import type { RegistryClientOptions } from '../../src/registry/options.ts';

/** A client that knows nobody: no mirrors, no credentials, no authorities but Node's own. */
export const clientOptions: RegistryClientOptions = {
  mirrors: new Map(),
  insecure: [],
  trust: { systemFile: undefined, caFiles: [], hostDirectories: [] },
  proxy: {},
  userAgent: 'strata/test',
  credentials: async () => undefined,
};
