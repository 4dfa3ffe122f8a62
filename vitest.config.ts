import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    globalSetup: ['test/support/build.ts'],
    // Most tests wait for other processes most of the time.
    maxWorkers: 3,
  },
});
