import { defineConfig } from 'vitest/config';

/** Suites that need a broker, Prometheus or a browser carry `.int.test.ts`; `.ci/run` adds them with WEIR_INT=1. */
const integration = process.env['WEIR_INT'] === '1';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/**/*.long.test.ts', ...(integration ? [] : ['test/**/*.int.test.ts'])],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default'],
  },
});
