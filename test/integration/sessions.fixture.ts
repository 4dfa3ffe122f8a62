/** HTTP/3 sessions over two real QUIC endpoints, configured as the program is, with an emulated link between them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { loadIdentity } from '../../src/config/identity.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLink, type Link, type LinkOptions } from '../../src/demo/link.ts';
import type { SessionOptions } from '../../src/h3/options.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, SessionEvents } from '../../src/h3/port.ts';
import type { QuicConnection } from '../../src/quic/connection.ts';
import { Dialer } from '../../src/quic/dial.ts';
import { listen, type ServerEndpoint } from '../../src/quic/listen.ts';
import type { QuicOptions } from '../../src/quic/options.ts';
import type { QuicClose, QuicEvents, Role } from '../../src/quic/port.ts';
import type { SocketOptions } from '../../src/quic/socket.ts';
import { primingOf, quicOptions, sessionOptions, socketOptions } from '../../src/settings.ts';
import { CLIENT_NAME, SERVER_NAME, sharedPki, temporaryFolder } from '../support/certificates.ts';
import { KeptLog } from '../support/in-process.ts';
import { later } from './later.fixture.ts';
import { WatchedEnd } from './watched-end.fixture.ts';

/** Keys of `[transport]`, for both ends. */
export type Transport = Readonly<Record<string, number | string>>;

/** The field lines of the nth request, or of its answer. */
export type Lines = (nth: number) => FieldLines;

const HOST = '127.0.0.1';

/** A client and a server that know each other's SETTINGS. The server answers every request at once. */
export class SessionPair {
  /** What the server was told of. */
  readonly requests: FieldLines[] = [];
  readonly #answer: Lines;
  readonly #closers: (() => Promise<void>)[] = [];
  #client: WatchedEnd | undefined;
  #server: WatchedEnd | undefined;
  #link: Link | undefined;
  #onStreamsAvailable: () => void = () => {};
  readonly #connections: QuicConnection[] = [];

  static async connect(
    conditions: Omit<LinkOptions, 'target'>,
    transport: Transport,
    answer: Lines,
  ): Promise<SessionPair> {
    const pair = new SessionPair(answer);
    await pair.#connect(conditions, transport);
    return pair;
  }

  private constructor(answer: Lines) {
    this.#answer = answer;
  }

  get client(): WatchedEnd {
    return there(this.#client);
  }

  get server(): WatchedEnd {
    return there(this.#server);
  }

  get link(): Link {
    return there(this.#link);
  }

  /** Smoothed round-trip times that both ends know, milliseconds. */
  get estimates(): number[] {
    return this.#connections.map(({ rtt }) => rtt);
  }

  /** Packets that both ends have sent. */
  get packets(): number {
    return this.#connections.reduce((sum, { traffic }) => sum + traffic.sentPackets, 0);
  }

  /** Sends `total` requests, `inFlight` of them at any time, and resolves when all are answered. */
  run(total: number, inFlight: number, lines: Lines): Promise<void> {
    return new Promise((resolve, reject) => {
      let begun = 0;
      let ended = 0;
      const pump = (): void => {
        while (begun < total && begun - ended < inFlight && this.#request(lines(begun), onEnd, reject))
          begun++;
      };
      const onEnd = (): void => {
        if (++ended === total) resolve();
        else pump();
      };
      this.#onStreamsAvailable = pump;
      pump();
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }

  async #connect(conditions: Omit<LinkOptions, 'target'>, transport: Transport): Promise<void> {
    const served = later<void>();
    const endpoint = await this.#listen(transport, () => served.happen());
    this.#closers.push(() => endpoint.close(0x100, 'the test is over'));
    const link = await createLink({ target: { host: HOST, port: endpoint.address.port }, ...conditions });
    this.#link = link;
    this.#closers.push(() => link.close());
    const end = await settings('client', transport);
    const { socket, quic } = end;
    const dialer = new Dialer(socket, quic, new KeptLog());
    this.#closers.push(() => dialer.close(0x100, 'the test is over'));
    await new Promise<void>((resolve, reject) => {
      const events = {
        onConnection: (connection: QuicConnection) => this.#begin('client', connection, end, resolve),
        onFailed: ({ reason }: QuicClose) => reject(new Error(reason)),
        onCondition: () => {},
      };
      dialer.dial(HOST, link.address.port, events).catch(reject);
    });
    await served.happened;
  }

  async #listen(transport: Transport, onReady: () => void): Promise<ServerEndpoint> {
    const end = await settings('server', transport);
    const { socket, quic } = end;
    const events = {
      onConnection: (connection: QuicConnection) => this.#begin('server', connection, end, onReady),
      onRefused: () => {},
    };
    return listen(socket, quic, events, new KeptLog());
  }

  #begin(role: Role, connection: QuicConnection, settings: EndSettings, onReady: () => void): QuicEvents {
    const events: SessionEvents = {
      onReady: () => {
        end.session.pad(settings.padding);
        onReady();
      },
      onRequest: (stream, fields) => this.#serve(stream, fields),
      onStreamsAvailable: () => this.#onStreamsAvailable(),
      onGoAway: () => {},
      onIdle: () => {},
      onClosed: () => {},
    };
    this.#connections.push(connection);
    const end = new WatchedEnd(connection, settings.session, events);
    if (role === 'client') this.#client = end;
    else this.#server = end;
    return end.quicEvents;
  }

  #serve(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    this.server.told(stream.id);
    stream.sendHeaders(this.#answer(this.requests.push(fields) - 1), false);
    stream.sendData(Buffer.alloc(10));
    stream.end();
    return listener({});
  }

  #request(fields: FieldLines, onEnd: () => void, onFailed: (error: Error) => void): boolean {
    const events = listener({
      onHeaders: () => this.client.told(there(stream).id),
      onEnd,
      onFailed: ({ reason }) => onFailed(new Error(reason)),
    });
    const stream = this.client.session.request(events);
    stream?.sendHeaders(fields, true);
    return stream !== undefined;
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not connected yet');
  return value;
}

/** Who cares for these events alone. */
function listener(events: Partial<RequestStreamEvents>): RequestStreamEvents {
  const ignore = (): void => {};
  return {
    onInterim: ignore,
    onHeaders: ignore,
    onData: ignore,
    onTrailers: ignore,
    onEnd: ignore,
    onDrain: ignore,
    onStopped: ignore,
    onFailed: ignore,
    ...events,
  };
}

interface EndSettings {
  readonly socket: SocketOptions;
  readonly quic: QuicOptions;
  readonly session: SessionOptions;
  /** Bytes, at once. */
  readonly padding: number;
}

const folder = temporaryFolder();

/** What the program makes of a configuration file that has these keys, and otherwise only what it must have. */
async function settings(role: Role, transport: Transport): Promise<EndSettings> {
  const pki = await sharedPki();
  const general =
    role === 'client'
      ? { mode: 'Client', peer_hostname: SERVER_NAME }
      : { mode: 'Server', peer_hostname: CLIENT_NAME, quic_port: 0, http_connect_address: `${HOST}:1` };
  const tls = { ca: pki.ca, ...(await pki[role]()) };
  const file = join(folder, `${role}.toml`);
  writeFileSync(file, stringify({ general: { ...general, bind_address: HOST }, tls, transport }));
  const config = loadConfig(file, {});
  const identity = loadIdentity(config.tls, {});
  return {
    socket: socketOptions(config),
    quic: quicOptions(config, identity, {}),
    session: sessionOptions(config),
    padding: primingOf(config),
  };
}
