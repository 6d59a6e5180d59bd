import { defineConfig } from 'vitest/config';

/**
 * `vitest run` takes the quick suites. With WEIR_INT=1 it takes those that need a broker, Prometheus or a browser
 * (`.int.test.ts`) instead, one at a time: some of them watch a live pipeline, whose latencies a neighbour would move.
 */
const integration = process.env['WEIR_INT'] === '1';

export default defineConfig({
  test: {
    include: [integration ? 'test/**/*.int.test.ts' : 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/**/*.long.test.ts', ...(integration ? [] : ['test/**/*.int.test.ts'])],
    globalSetup: 'test/store/template-setup.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Many of the quick ones wait for something most of the time: three of them keep two cores busy.
    maxWorkers: integration ? 1 : 3,
    reporters: ['default'],
  },
});
