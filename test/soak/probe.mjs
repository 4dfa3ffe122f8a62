// Loaded into an end before the program (NODE_OPTIONS): tells now and then, on standard output, how it is inside.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const INTERVAL = 10_000;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

setInterval(() => {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const figures = {
    delayP99: delay.percentile(99) / 1e6,
    delayMax: delay.max / 1e6,
    heapUsed,
    external,
    arrayBuffers,
  };
  delay.reset();
  process.stdout.write(`probe ${JSON.stringify(figures)}\n`);
}, INTERVAL).unref();
