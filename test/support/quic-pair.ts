/** Two real QUIC endpoints in this process, with an emulated link between them where a test wants one. */
import {
  type Authority,
  createAuthority,
  issueCertificate,
  type LeafOptions,
} from '../../src/demo/certificates.ts';
import { createLink, type Link, type LinkOptions } from '../../src/demo/link.ts';
import { Dialer } from '../../src/quic/dial.ts';
import { listen, type ServerEndpoint } from '../../src/quic/listen.ts';
import type { Logger } from '../../src/quic/log.ts';
import type { QuicIdentity, QuicOptions } from '../../src/quic/options.ts';
import type { Condition, QuicClose, Role } from '../../src/quic/port.ts';
import { CLIENT_NAME, SERVER_NAME } from './certificates.ts';
import { QuicEnd } from './quic-end.ts';

/** Log lines of the endpoints under test, `level message`. */
export class LogRecorder implements Logger {
  readonly lines: string[] = [];

  debug(_details: object, message: string): void {
    this.lines.push(`debug ${message}`);
  }

  info(_details: object, message: string): void {
    this.lines.push(`info ${message}`);
  }

  warn(_details: object, message: string): void {
    this.lines.push(`warn ${message}`);
  }
}

let authority: Promise<Authority> | undefined;

/** A fresh identity of an end, issued and trusted by the authority of all tests; `issuer` replaces who issued it. */
export async function issueIdentity(
  role: Role,
  leaf: Partial<LeafOptions> = {},
  issuer?: Authority,
): Promise<QuicIdentity> {
  authority ??= createAuthority('ptproxy tests');
  const trusted = await authority;
  const names = [role === 'client' ? CLIENT_NAME : SERVER_NAME] as const;
  const identity = await issueCertificate(issuer ?? trusted, { names, usage: role, ...leaf });
  return {
    ca: Buffer.from(trusted.certificate),
    chain: Buffer.from(identity.certificate),
    key: Buffer.from(identity.key),
  };
}

const identities: Partial<Record<Role, Promise<QuicIdentity>>> = {};

/** The documented defaults with valid identities, except for what `changes` says. */
export async function quicOptions(role: Role, changes: Partial<QuicOptions> = {}): Promise<QuicOptions> {
  identities[role] ??= issueIdentity(role);
  return {
    identity: await identities[role],
    peerName: role === 'client' ? SERVER_NAME : CLIENT_NAME,
    verifyPeer: true,
    maxIdleTimeout: 5000,
    keepAliveInterval: 2000,
    initialRtt: 333,
    initialWindow: 14_720,
    congestionAlgorithm: 'Bbr',
    udpPayloadSize: 1350,
    maxEgressRate: undefined,
    redundancy: 'Off',
    maxConcurrentStreams: 100,
    streamReceiveWindow: 16_000_000,
    receiveWindow: undefined,
    sendWindow: 8_000_000,
    allowFrom: undefined,
    keyLogFile: undefined,
    ...changes,
  };
}

const SOCKET = { receiveBufferSize: undefined, sendBufferSize: undefined };

const closers: (() => unknown)[] = [];

const ends: QuicEnd[] = [];

/** An end whose events are watched for violations of their contract until {@link closeAll}. */
function watchedEnd(connection: QuicEnd['connection']): QuicEnd {
  const end = new QuicEnd(connection);
  ends.push(end);
  return end;
}

/** Closes all that was opened, the newest first: for `afterEach`. Throws when an end saw what it never should. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
  const violations = ends.splice(0).flatMap((end) => end.violations);
  if (violations.length > 0) throw new Error(violations.join(', '));
}

/** A server endpoint, and what became of those who came. */
export class QuicServer {
  readonly log = new LogRecorder();
  readonly ends: QuicEnd[] = [];
  readonly refusals: QuicClose[] = [];
  #endpoint: ServerEndpoint | undefined;
  #wake = (): void => {};

  /** Listens at a free port, and is closed by {@link closeAll}. */
  static async start(
    changes: Partial<QuicOptions> = {},
    bindAddress = '127.0.0.1',
    port = 0,
  ): Promise<QuicServer> {
    const server = new QuicServer();
    server.#endpoint = await listen(
      { ...SOCKET, bindAddress, port },
      await quicOptions('server', changes),
      {
        onConnection: (connection) => {
          const end = watchedEnd(connection);
          server.ends.push(end);
          server.#wake();
          return end;
        },
        onRefused: (close) => {
          server.refusals.push(close);
          server.#wake();
        },
      },
      server.log,
    );
    closers.push(() => server.endpoint.close(0x100, 'the test is over'));
    return server;
  }

  get endpoint(): ServerEndpoint {
    if (this.#endpoint === undefined) throw new Error('not started');
    return this.#endpoint;
  }

  get port(): number {
    return this.endpoint.address.port;
  }

  /** The connection that came `nth`, once it is there. */
  async end(nth = 0): Promise<QuicEnd> {
    for (;;) {
      const end = this.ends[nth];
      if (end !== undefined) return end;
      await this.#event();
    }
  }

  /** Why the first peer was refused, once one was. */
  async refusal(): Promise<QuicClose> {
    for (;;) {
      const refusal = this.refusals[0];
      if (refusal !== undefined) return refusal;
      await this.#event();
    }
  }

  #event(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** An attempt to connect came to nothing. */
export class DialFailed extends Error {
  override readonly name = 'DialFailed';
  readonly close: QuicClose;

  constructor(close: QuicClose) {
    super(close.reason);
    this.close = close;
  }
}

/** Connects to a port; rejects with {@link DialFailed}. */
export async function dial(
  port: number,
  changes: Partial<QuicOptions> = {},
  host = '127.0.0.1',
  bindAddress = '::',
): Promise<QuicEnd> {
  const options = await quicOptions('client', changes);
  const dialer = new Dialer({ ...SOCKET, bindAddress }, options, new LogRecorder());
  closers.push(() => dialer.close(0x100, 'the test is over'));
  return new Promise((resolve, reject) => {
    let end: QuicEnd | undefined;
    const events = {
      onConnection: (connection: QuicEnd['connection']) => {
        end = watchedEnd(connection);
        resolve(end);
        return end;
      },
      onCondition: (condition: Condition) => end?.onCondition(condition),
      onFailed: (close: QuicClose) => reject(new DialFailed(close)),
    };
    dialer.dial(host, port, events).catch(reject);
  });
}

export interface QuicPair {
  readonly client: QuicEnd;
  readonly server: QuicEnd;
  readonly endpoint: QuicServer;
}

export interface LinkedPair extends QuicPair {
  readonly link: Link;
}

export interface PairOptions {
  readonly client?: Partial<QuicOptions>;
  readonly server?: Partial<QuicOptions>;
}

/** Both ends, connected over loopback. */
export async function connectPair({ client = {}, server = {} }: PairOptions = {}): Promise<QuicPair> {
  const endpoint = await QuicServer.start(server);
  const end = await dial(endpoint.port, client);
  return { client: end, server: await endpoint.end(), endpoint };
}

/** A link to a server. */
export async function linkTo(server: QuicServer, conditions: Omit<LinkOptions, 'target'>): Promise<Link> {
  const link = await createLink({ target: { host: '127.0.0.1', port: server.port }, ...conditions });
  closers.push(() => link.close());
  return link;
}

/** Both ends, connected over a link. */
export async function connectOver(
  conditions: Omit<LinkOptions, 'target'>,
  { client = {}, server = {} }: PairOptions = {},
): Promise<LinkedPair> {
  const endpoint = await QuicServer.start(server);
  const link = await linkTo(endpoint, conditions);
  const end = await dial(link.address.port, client);
  return { client: end, server: await endpoint.end(), endpoint, link };
}
