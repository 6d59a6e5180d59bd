import { defineConfig } from 'vitest/config';

/** Soaks and long kill loops: run by hand (`npm run test:long`) and reported. */
export default defineConfig({
  test: {
    include: ['test/**/*.long.test.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
