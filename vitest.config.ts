import { defineConfig } from 'vitest/config';
import { countingReporter } from './test/support/counting-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-dist.ts'],
    reporters: ['default', countingReporter()],
    // Real builds, registries and daemons start inside tests; a file owns what it starts.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
