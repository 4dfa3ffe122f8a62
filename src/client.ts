import { ownCertificates, peerCertificates } from './certificates.ts';
import type { Identity } from './config/identity.ts';
import { type ClientConfig, isClient } from './config/schema.ts';
import { Code } from './h3/codes.ts';
import { createMeters, DRAINING, type Meters, readingsOf } from './meters.ts';
import { BoundedLog } from './proxy/bounded-log.ts';
import type { Connect } from './proxy/connector.ts';
import { Contracts } from './proxy/contracts.ts';
import type { Logger } from './proxy/failures.ts';
import { createFront, type Front, type FrontOptions } from './proxy/front.ts';
import type { RequestObserver } from './proxy/observer.ts';
import { Peer, type PeerOptions, type TunnelHealth } from './proxy/peer.ts';
import { Dialer } from './quic/dial.ts';
import type { QuicMeter } from './quic/meter.ts';
import { formatAddress } from './quic/socket.ts';
import { blaming, figures, type Running } from './running.ts';
import {
  HEAD_TIMEOUT,
  ownContract,
  primingOf,
  quicOptions,
  REQUESTS_PER_SESSION,
  sessionOptions,
  socketOptions,
} from './settings.ts';
import { descriptorLimit } from './system/descriptors.ts';
import { watchForSleep } from './system/sleep-watch.ts';
import { inheritedSocket } from './system/systemd-sockets.ts';
import type { Status } from './system/systemd-status.ts';

/** The client end, running. */
export interface RunningClient extends Running {
  /** Where HTTP/1.1 is served. */
  readonly httpPort: number;
  /** Resolves when the tunnel is ready. */
  readonly ready: Promise<void>;
}

/** Serves HTTP/1.1 and connects to the server end; `observer` hears of requests. Throws a StartError when the port cannot be had. */
export async function startClient(
  config: ClientConfig,
  identity: Identity,
  logger: Logger,
  env: NodeJS.ProcessEnv,
  observer: RequestObserver,
  requestsPerSession = REQUESTS_PER_SESSION,
): Promise<RunningClient> {
  const clock = () => performance.now();
  const connections = new BoundedLog(logger, clock);
  const requests = new BoundedLog(logger, clock);
  const meters = createMeters();
  const dialers = new Dialers(connections, env, meters.quic);
  const connect = await blaming('tls.key', config.tls.key, () => dialers.connectTo(config, identity));
  let own = { certificates: ownCertificates(config.tls, identity), contract: ownContract(config, identity) };
  const contracts = new Contracts(() => own.contract, Date.now, connections);
  const optionsOf = (from: ClientConfig) => peerOptions(from, contracts, meters, requestsPerSession);
  const peer = new Peer(connect, optionsOf(config), connections, clock);
  const remotes = () => (peer.remote === undefined ? [] : [peer.remote]);
  const front = createFront(frontOptions(config, logger), peer, requests, observer);
  const httpPort = await listen(front, config, logger, env);
  const sleepWatch = watchForSleep((asleep) => {
    logger.info(
      { asleep },
      `nothing ran here for about ${Math.round(asleep / 1000)} s: asking the server whether it is still there`,
    );
    dialers.question();
  });
  const certificates = () => [...own.certificates, ...peerCertificates(remotes())];
  let draining = false;
  return {
    httpPort,
    attempted: peer.start(),
    status: () => describe(peer.health, front.inFlight),
    remotes,
    certificates,
    readings: () =>
      readingsOf(meters, remotes(), {
        tunnelUp: peer.health.up,
        notReady: draining ? DRAINING : whyDown(peer.health),
        streams: peer.streams,
        requests: front.inFlight - front.upgrades,
        upgrades: front.upgrades,
        waiting: peer.waiting,
        originConnections: undefined,
        certificates: certificates(),
      }),
    ready: peer.whenReady(),
    drain: () => {
      draining = true;
      return front.close();
    },
    reload: (changed, renewed) => {
      if (!isClient(changed)) throw new TypeError('a client cannot become a server');
      const next = dialers.connectTo(changed, renewed);
      own = { certificates: ownCertificates(changed.tls, renewed), contract: ownContract(changed, renewed) };
      peer.reconfigure(next, optionsOf(changed));
      front.reconfigure(frontOptions(changed, logger));
    },
    stop: async () => {
      sleepWatch.stop();
      front.destroy();
      peer.stop();
      await dialers.close();
    },
  };
}

/** The dialers of one configuration after the other: connections of the former ones may still be in use. */
class Dialers {
  readonly #logger: Logger;
  readonly #env: NodeJS.ProcessEnv;
  readonly #meter: QuicMeter;
  #dialers: Dialer[] = [];

  constructor(logger: Logger, env: NodeJS.ProcessEnv, meter: QuicMeter) {
    this.#logger = logger;
    this.#env = env;
    this.#meter = meter;
  }

  /** Throws when the engine refuses the identity. */
  connectTo(config: ClientConfig, identity: Identity): Connect {
    const { connect_address, quic_port } = config.general;
    const options = quicOptions(config, identity, this.#env);
    const dialer = new Dialer(socketOptions(config), options, this.#logger, this.#meter);
    this.#dialers = [...this.#dialers.filter((former) => !former.isIdle), dialer];
    return (events) => void dialer.dial(connect_address, quic_port, events);
  }

  /** Has every connection ask whether the server is still there. */
  question(): void {
    for (const dialer of this.#dialers) dialer.question();
  }

  async close(): Promise<void> {
    await Promise.all(this.#dialers.map((dialer) => dialer.close(Code.H3_NO_ERROR, 'shutting down')));
  }
}

function peerOptions(
  config: ClientConfig,
  contracts: Contracts,
  meters: Meters,
  requestsPerSession: number,
): PeerOptions {
  const { system } = config;
  return {
    connectInterval: system.connect_interval,
    holdTimeout: system.hold_timeout,
    streamTimeout: system.stream_idle_timeout,
    requestsPerSession,
    session: sessionOptions(config, meters),
    contracts,
    priming: primingOf(config),
  };
}

function describe(health: TunnelHealth, inFlight: number): Status {
  const state = whyDown(health) ?? 'tunnel established';
  return { state, figures: figures(health.up ? health.rtt : 0, inFlight) };
}

function whyDown(health: TunnelHealth): string | undefined {
  if (health.up) return undefined;
  const { failure } = health;
  return failure === undefined ? 'attempting first connection' : `client connection failed: ${failure}`;
}

async function listen(
  front: Front,
  config: ClientConfig,
  logger: Logger,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const key = 'general.http_bind_address';
  const passed = `LISTEN_FDS=${env.LISTEN_FDS}`;
  const descriptor = await blaming(key, passed, () => inheritedSocket(env, process.pid));
  const wanted =
    descriptor === undefined
      ? formatAddress(config.general.http_bind_address)
      : `descriptor ${descriptor} from systemd, which must be a listening TCP socket`;
  const { address, port } = await blaming(key, wanted, () => front.listen(descriptor));
  const bound = formatAddress({ host: address, port });
  const origin = descriptor === undefined ? '' : ' (a socket from systemd)';
  logger.info({ address: bound }, `serving HTTP/1.1 at ${bound}${origin}`);
  return port;
}

function frontOptions({ general, system }: ClientConfig, logger: Logger): FrontOptions {
  return {
    bindAddress: general.http_bind_address,
    tcpNoDelay: system.tcp_nodelay,
    maxHeaderSize: system.max_header_size,
    maxHeaderCount: system.max_header_count,
    requestTimeout: system.request_timeout,
    streamIdleTimeout: system.stream_idle_timeout,
    headTimeout: HEAD_TIMEOUT,
    addForwarded: system.add_forwarded,
    maxConnections: connectionLimit(system.max_connections, logger),
  };
}

/** Descriptors for all that is no HTTP/1.1 connection. */
const OTHER_DESCRIPTORS = 64;

// Out of descriptors, the system would cut new connections off without a word, and new sessions could not be had.
function connectionLimit(wanted: number, logger: Logger): number {
  const most = descriptorLimit() ?? Number.POSITIVE_INFINITY;
  const limit = Math.max(1, Math.min(wanted, most - OTHER_DESCRIPTORS));
  if (limit < wanted) {
    logger.warn(
      { maxConnections: limit },
      `at most ${limit} HTTP/1.1 connections, not ${wanted} (max_connections): only ${most} files may be open (ulimit -n, LimitNOFILE)`,
    );
  }
  return limit;
}
