/** `ptproxy demo`: an origin, both ends and an emulated link between them, in one process. */
import { performance } from 'node:perf_hooks';
import { untilSignalled } from '../system/shutdown.ts';
import { createDemoFiles } from './files.ts';
import { createLink, type Link } from './link.ts';
import { runOnce } from './once.ts';
import { startDemoOrigin } from './origin.ts';
import { formatTime, logRequests } from './request-log.ts';

export interface DemoOptions {
  /** Round-trip time of the link, ms. */
  readonly rtt: number;
  /** Mbit/s (10^6 bit) each way. */
  readonly rate: number;
  /** Datagrams lost each way, percent. */
  readonly loss: number;
  /** Make a few requests and end, instead of waiting for somebody else's. */
  readonly once: boolean;
}

/** The two ends, each started from its configuration file. */
export interface DemoParts {
  startServer(configFile: string): Promise<{ readonly quicPort: number; stop(): Promise<void> }>;
  startClient(configFile: string): Promise<DemoClient>;
}

export interface DemoClient {
  /** Where it serves HTTP/1.1, on 127.0.0.1. */
  readonly httpPort: number;
  /** Resolves when the tunnel is ready. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Runs the demo until its requests are made or a signal ends it. Returns the exit code. */
export async function runDemo(options: DemoOptions, parts: DemoParts): Promise<number> {
  const ended = Promise.race([untilSignalled(), untilUnread()]);
  const stage = new Stage();
  try {
    const clientConfig = await stage.set(options, parts);
    const start = performance.now();
    const client = await stage.connect(parts, clientConfig);
    await Promise.race([present(client, start, stage, options), ended]);
    if (!options.once) await ended;
  } finally {
    await stage.clear();
  }
  return 0;
}

async function present(client: DemoClient, start: number, stage: Stage, options: DemoOptions): Promise<void> {
  await client.ready;
  print(`tunnel ready after ${formatTime(performance.now() - start, options.rtt)}`);
  if (options.once) return runOnce(client.httpPort, options, print);
  stage.onClear(logRequests(client.httpPort, options.rtt, print));
  print(INVITATION.replaceAll('PORT', `${client.httpPort}`));
}

const INVITATION = `
Try it, and see each request below with its time; Ctrl-C ends the demo:

  curl http://127.0.0.1:PORT/
  curl -o /dev/null http://127.0.0.1:PORT/bytes/487500
  head -c 487500 /dev/zero | curl --data-binary @- http://127.0.0.1:PORT/count
`;

/** Everything that runs, to be ended in the opposite order. */
class Stage {
  readonly #enders: (() => unknown)[] = [];

  onClear(end: () => unknown): void {
    this.#enders.push(end);
  }

  /** Starts everything up to the link. Returns the client end's configuration file. */
  async set(options: DemoOptions, parts: DemoParts): Promise<string> {
    const files = await createDemoFiles(options);
    this.onClear(() => files.remove());
    const origin = await startDemoOrigin();
    this.onClear(() => origin.stop());
    const server = await parts.startServer(await files.writeServer(origin.port));
    this.onClear(() => server.stop());
    const link = await openLink(options, server.quicPort);
    this.onClear(() => link.close());
    print(`link: ${options.rtt} ms round trip, ${options.rate} Mbit/s, ${options.loss} % loss each way`);
    return files.writeClient(link.address.port);
  }

  /** Starts the client end. */
  async connect(parts: DemoParts, clientConfig: string): Promise<DemoClient> {
    const client = await parts.startClient(clientConfig);
    this.onClear(() => client.stop());
    return client;
  }

  async clear(): Promise<void> {
    for (let end = this.#enders.pop(); end !== undefined; end = this.#enders.pop()) await end();
  }
}

function openLink({ rtt, rate, loss }: DemoOptions, port: number): Promise<Link> {
  return createLink({ target: { host: '127.0.0.1', port }, delay: rtt / 2, rate, loss });
}

/** Resolves when nobody reads what is printed any more, as after `| head`. */
function untilUnread(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.on('error', () => resolve());
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
