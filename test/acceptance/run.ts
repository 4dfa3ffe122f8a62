/**
 * The acceptance runs: everything at full size, with figures. `tsx test/acceptance/run.ts [filter …]`; a filter is a
 * part of a file's name.
 */
import { startVitest } from 'vitest/node';

const vitest = await startVitest('test', process.argv.slice(2), {
  config: false,
  watch: false,
  include: ['test/acceptance/**/*.acceptance.ts'],
  // What is measured must have the machine for itself.
  fileParallelism: false,
  globalSetup: ['test/support/build.ts'],
  testTimeout: 600_000,
  reporters: ['verbose'],
});
await vitest.close();
