/**
 * A real server endpoint and real clients, with someone between them who sees all and puts in datagrams of his own:
 * changed ones, properly protected Initial packets with anything in them, old ones once more. Handshakes may fail for
 * that. But a connection that is there stays, brings exactly what was sent, and the process lives on in bounded memory.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Dialer } from '../../../src/quic/dial.ts';
import { listen, type ServerEndpoint } from '../../../src/quic/listen.ts';
import type { QuicClose } from '../../../src/quic/port.ts';
import { quicOptions } from '../../support/quic-pair.ts';
import { Random } from '../../support/random.ts';
import type { Finding, Watcher } from '../fuzzer.ts';
import { check } from '../target.ts';
import { DatagramMutator } from './datagrams.ts';
import { EchoClient, EchoServer } from './echo.ts';
import { Relay } from './relay.ts';

const SOCKET = { receiveBufferSize: undefined, sendBufferSize: undefined };
const HOST = '127.0.0.1';

/** Datagrams put in at once, during a handshake, and on one connection. */
const AT_ONCE = 48;
const MOST_IN_A_HANDSHAKE = 300;
const MOST_ON_A_CONNECTION = 12_000;

/** How long a handshake that is disturbed may take, ms: it is one of many. */
const HANDSHAKE_PATIENCE = 1500;

/** How long an established connection may need to bring something back, ms, and a new one to come about. */
const PATIENCE = 20_000;

/** Attempts after which a client that nobody disturbs must have got through, each a second after the one before. */
const CONTROL_ATTEMPTS = 30;

/** A client that nobody disturbs comes after so many that somebody did. */
const CONTROL_INTERVAL = 20;

/** What the process may take more than at first, bytes. */
const MOST_GROWTH = 256 * 1024 * 1024;

export interface EndpointReport {
  readonly executions: number;
  readonly handshakes: { readonly completed: number; readonly failed: number };
  readonly echoes: number;
  /** Bytes that resident memory grew by. */
  readonly growth: number;
  readonly findings: readonly Finding[];
}

export async function fuzzEndpoint(seed: number, watcher: Watcher): Promise<EndpointReport> {
  const run = new EndpointRun(seed, watcher);
  return run.run();
}

class EndpointRun {
  readonly #random: Random;
  readonly #watcher: Watcher;
  readonly #mutator: DatagramMutator;
  readonly #handshakes = { completed: 0, failed: 0 };
  #executions = 0;
  #echoes = 0;
  #proceeds = true;
  #last: Uint8Array = new Uint8Array(0);

  constructor(seed: number, watcher: Watcher) {
    this.#random = new Random(seed);
    this.#watcher = watcher;
    this.#mutator = new DatagramMutator(this.#random);
  }

  async run(): Promise<EndpointReport> {
    const server = await this.#listen();
    const findings: Finding[] = [];
    let before = 0;
    try {
      for (let nth = 0; this.#proceeds; nth++) {
        if (nth % CONTROL_INTERVAL === 0) await this.#control(server.address.port);
        await this.#disturbed(server.address.port);
        if (nth === CONTROL_INTERVAL) before = process.memoryUsage.rss();
      }
      await this.#control(server.address.port);
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      findings.push({ input: this.#last, message, stack });
    }
    await server.close(0x100, 'the run is over');
    const growth = before === 0 ? 0 : process.memoryUsage.rss() - before;
    if (growth > MOST_GROWTH)
      findings.push({ input: this.#last, message: `memory grew by ${growth} bytes`, stack: '' });
    const { completed, failed } = this.#handshakes;
    return {
      executions: this.#executions,
      handshakes: { completed, failed },
      echoes: this.#echoes,
      growth,
      findings,
    };
  }

  async #listen(): Promise<ServerEndpoint> {
    const events = {
      onConnection: (connection: ConstructorParameters<typeof EchoServer>[0]) => new EchoServer(connection),
      onRefused: () => {},
      onWorn: () => {},
    };
    return listen({ ...SOCKET, bindAddress: HOST, port: 0 }, await quicOptions('server'), events, SILENT);
  }

  // Nobody disturbs this one, so that it gets through, soon.
  async #control(port: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      check(attempt < CONTROL_ATTEMPTS, 'a client that nobody disturbs gets through');
      const { client, close } = await connect(port);
      const failure = client === undefined ? 'not connected' : await this.#echo(client, () => {});
      await close();
      if (failure === undefined) return;
      await pause(1000);
    }
  }

  async #disturbed(port: number): Promise<void> {
    const relay = await Relay.open(port, this.#mutator, this.#random);
    try {
      let settled = false;
      const connecting = connect(relay.port, HANDSHAKE_PATIENCE).finally(() => {
        settled = true;
      });
      // Some handshakes are left alone, so that what comes behind them is reached.
      let left = this.#random.chance(0.2) ? this.#random.below(MOST_IN_A_HANDSHAKE) : 0;
      while (!settled) {
        this.#inject(relay, Math.min(left, 8));
        left -= Math.min(left, 8);
        await nextTurn();
      }
      const { client, close } = await connecting;
      // The client believes it is connected before the server has seen its last handshake packet.
      const isThere = client !== undefined && (await this.#echo(client, () => {})) === undefined;
      this.#handshakes[isThere ? 'completed' : 'failed']++;
      if (isThere) await this.#disturbEchoes(client, relay);
      await close();
    } finally {
      relay.close();
    }
  }

  async #disturbEchoes(client: EchoClient, relay: Relay): Promise<void> {
    const end = this.#executions + this.#random.below(MOST_ON_A_CONNECTION);
    while (this.#proceeds && this.#executions < end) {
      const failure = await this.#echo(client, () => this.#inject(relay, AT_ONCE));
      check(failure === undefined, `a connection that is disturbed goes on: ${failure}`);
    }
  }

  // What went wrong with something sent there and back.
  async #echo(client: EchoClient, meanwhile: () => void): Promise<string | undefined> {
    client.send(1 + this.#random.below(20_000), this.#random.below(1000));
    const deadline = performance.now() + PATIENCE;
    while (!client.isIdle) {
      meanwhile();
      await nextTurn();
      if (client.failure !== undefined) return client.failure;
      if (performance.now() > deadline) return 'nothing comes back';
    }
    this.#echoes++;
    return client.failure;
  }

  #inject(relay: Relay, count: number): void {
    for (let left = count; left > 0 && this.#proceeds; left--) {
      this.#last = relay.inject();
      this.#proceeds = this.#watcher.proceed(this.#executions, this.#last);
      if (this.#proceeds) this.#executions++;
    }
  }
}

const SILENT = { debug() {}, info() {}, warn() {} };

interface Connected {
  readonly client: EchoClient | undefined;
  close(): Promise<void>;
}

async function connect(port: number, patience = PATIENCE): Promise<Connected> {
  const dialer = new Dialer({ ...SOCKET, bindAddress: HOST }, await quicOptions('client'), SILENT);
  const client = await new Promise<EchoClient | undefined>((resolve) => {
    setTimeout(() => resolve(undefined), patience).unref();
    void dialer.dial(HOST, port, {
      onConnection: (connection) => {
        const made = new EchoClient(connection);
        resolve(made);
        return made;
      },
      onFailed: (_close: QuicClose) => resolve(undefined),
      onCondition: () => {},
    });
  });
  return { client, close: () => dialer.close(0x100, 'done') };
}
