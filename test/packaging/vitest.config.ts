import { defineConfig } from 'vitest/config';

/** Tests of what `npm run package` has made; not part of `npm test`. */
export default defineConfig({
  test: {
    dir: 'test/packaging',
    include: ['**/*.packaging.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
