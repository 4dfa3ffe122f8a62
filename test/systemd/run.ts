/**
 * The units in a real systemd: `npm run test:systemd`, as root, with Debian's packages systemd and python3. A filter is
 * a part of a file's name.
 */
import { startVitest } from 'vitest/node';

const vitest = await startVitest('test', process.argv.slice(2), {
  config: false,
  watch: false,
  include: ['test/systemd/**/*.systemd.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  reporters: ['verbose'],
});
await vitest.close();
