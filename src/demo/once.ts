/** The requests that `demo --once` makes, and the table of what they took beside what theory expects. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { directTcpTime, type LinkFigures, shortestTime } from './direct-tcp.ts';
import { formatTime } from './request-log.ts';

interface Sample {
  readonly label: string;
  readonly path: string;
  /** Bytes of the response's body. */
  readonly down: number;
  /** Bytes of the request's body; 0 for a GET. */
  readonly up: number;
}

const SMALL: Sample = { label: 'small', path: '/bytes/100', down: 100, up: 0 };

const SAMPLES: readonly Sample[] = [
  ...Array.from({ length: 5 }, () => SMALL),
  { label: '100,000 bytes down', path: '/bytes/100000', down: 100_000, up: 0 },
  { label: '487,500 bytes down', path: '/bytes/487500', down: 487_500, up: 0 },
  { label: '487,500 bytes up', path: '/count', down: 0, up: 487_500 },
];

/** The pause before each request, ms: nothing is under way when it starts. */
const IDLE = 1000;

/** Makes the requests to 127.0.0.1:`port` and prints a line for each. Rejects when one is not answered 200. */
export async function runOnce(
  port: number,
  figures: LinkFigures,
  print: (line: string) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  print(row('each after 1 s of silence', 'through the tunnel', 'at best', 'new TCP connection*'));
  try {
    for (const sample of SAMPLES) {
      await pause(IDLE);
      const time = await measure(port, sample, agent);
      const bytes = sample.down + sample.up;
      const best = `${Math.round(shortestTime(bytes, figures))} ms`;
      const direct = `${Math.round(directTcpTime(bytes, figures))} ms`;
      print(row(sample.label, formatTime(time, figures.rtt), best, direct));
    }
  } finally {
    agent.destroy();
  }
  print('* in theory, without TLS and loss: handshake, request, slow start from ten segments');
}

function row(label: string, measured: string, best: string, direct: string): string {
  return `  ${label.padEnd(26)}${measured.padStart(26)}${best.padStart(12)}${direct.padStart(22)}`;
}

/** From the request to the last byte of its response, ms. */
async function measure(port: number, sample: Sample, agent: Agent): Promise<number> {
  const start = performance.now();
  const method = sample.up > 0 ? 'POST' : 'GET';
  const outgoing = request({ host: '127.0.0.1', port, path: sample.path, method, agent });
  outgoing.end(sample.up > 0 ? Buffer.alloc(sample.up) : undefined);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) {
    throw new Error(`${method} ${sample.path} was answered ${response.statusCode}`);
  }
  return performance.now() - start;
}
