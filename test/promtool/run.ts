/** What Prometheus says of our metrics and alerts: `npm run test:promtool`, with Debian's package prometheus. */
import { startVitest } from 'vitest/node';

const vitest = await startVitest('test', process.argv.slice(2), {
  config: false,
  watch: false,
  include: ['test/promtool/**/*.promtool.ts'],
  testTimeout: 60_000,
  reporters: ['verbose'],
});
await vitest.close();
