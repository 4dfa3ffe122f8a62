import { afterEach, expect, it } from 'vitest';
import { type DemoOrigin, startDemoOrigin } from './origin.ts';
import { formatTime, logRequests } from './request-log.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function origin(): Promise<DemoOrigin> {
  const started = await startDemoOrigin();
  closers.push(() => started.stop());
  return started;
}

it('prints status, bytes, time, method and path of each request to its port, and to no other', async () => {
  const [watched, other] = [await origin(), await origin()];
  const lines: string[] = [];
  const printed = new Promise<void>((resolve) => {
    const print = (line: string) => {
      lines.push(line);
      if (lines.length === 2) resolve();
    };
    closers.push(logRequests(watched.port, 100, print));
  });
  await (await fetch(`http://127.0.0.1:${watched.port}/bytes/100000`)).arrayBuffer();
  await (await fetch(`http://127.0.0.1:${other.port}/`)).text();
  await (await fetch(`http://127.0.0.1:${watched.port}/missing`, { method: 'PUT' })).text();
  await printed;
  expect(lines[0]).toMatch(/^200\s+100,\d{3} bytes\s+\d+ ms \(\d+\.\d round trips\) {2}GET \/bytes\/100000$/);
  expect(lines[1]).toMatch(/^404\s+\d+ bytes\s+.* {2}PUT \/missing$/);
});

it('gives times in round trips where there are any', () => {
  expect(formatTime(292.4, 150)).toBe('292 ms (1.9 round trips)');
  expect(formatTime(3.2, 0)).toBe('3 ms');
});
