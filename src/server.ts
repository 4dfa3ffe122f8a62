import { ownCertificates, peerCertificates } from './certificates.ts';
import type { Identity } from './config/identity.ts';
import { isClient, type ServerConfig } from './config/schema.ts';
import { Code } from './h3/codes.ts';
import type { FloodCounters } from './h3/flood-counters.ts';
import { createMeters, DRAINING, type Meters, readingsOf } from './meters.ts';
import { Acceptor, type AcceptorOptions } from './proxy/acceptor.ts';
import { BoundedLog } from './proxy/bounded-log.ts';
import { Contracts } from './proxy/contracts.ts';
import type { Logger } from './proxy/failures.ts';
import type { RequestObserver } from './proxy/observer.ts';
import { createOrigin, type Origin, type OriginOptions } from './proxy/origin.ts';
import { listen, type ServerEndpoint } from './quic/listen.ts';
import { formatAddress } from './quic/socket.ts';
import { blaming, figures, type Running, StartError } from './running.ts';
import {
  HEAD_TIMEOUT,
  ownContract,
  primingOf,
  quicOptions,
  REQUESTS_PER_SESSION,
  sessionOptions,
  socketOptions,
} from './settings.ts';
import { passesSockets } from './system/systemd-sockets.ts';

/** The server end, running. */
export interface RunningServer extends Running {
  /** UDP port of the tunnel. */
  readonly quicPort: number;
}

/** Accepts peers and passes their requests to the origin; `observer` hears of those. Throws a StartError when the port cannot be had. */
export async function startServer(
  config: ServerConfig,
  identity: Identity,
  logger: Logger,
  env: NodeJS.ProcessEnv,
  observer: RequestObserver,
  requestsPerSession = REQUESTS_PER_SESSION,
): Promise<RunningServer> {
  refuseSockets(env);
  const clock = () => performance.now();
  const connections = new BoundedLog(logger, clock);
  const requests = new BoundedLog(logger, clock);
  const meters = createMeters();
  const origins = new Origins(config, requests, meters.floods);
  let own = { certificates: ownCertificates(config.tls, identity), contract: ownContract(config, identity) };
  const contracts = new Contracts(() => own.contract, Date.now, connections);
  const watch = { logger: requests, observer, floods: meters.floods };
  const optionsOf = (from: ServerConfig) => acceptorOptions(from, contracts, meters, requestsPerSession);
  const acceptor = new Acceptor(origins.current, optionsOf(config), connections, watch);
  const endpoint = await bind(config, identity, acceptor, meters, connections, env);
  const bound = formatAddress(endpoint.address);
  logger.info({ address: bound }, `started endpoint at ${bound}`);
  const certificates = () => [...own.certificates, ...peerCertificates(acceptor.remotes)];
  let draining = false;
  return {
    quicPort: endpoint.address.port,
    attempted: Promise.resolve(),
    status: () => ({ state: 'accepting connections', figures: figures(acceptor.rtt, acceptor.inFlight) }),
    remotes: () => acceptor.remotes,
    certificates,
    readings: () =>
      readingsOf(meters, acceptor.remotes, {
        tunnelUp: acceptor.remotes.length > 0,
        notReady: draining ? DRAINING : undefined,
        streams: acceptor.inFlight,
        requests: origins.current.inFlight - origins.current.upgrades,
        upgrades: origins.current.upgrades,
        waiting: acceptor.waiting,
        originConnections: origins.current.connections,
        certificates: certificates(),
      }),
    drain: async () => {
      draining = true;
      endpoint.stopAccepting();
      acceptor.goAway();
      origins.farewell();
      await acceptor.emptied();
    },
    reload: (changed, renewed) => {
      if (isClient(changed)) throw new TypeError('a server cannot become a client');
      endpoint.reconfigure(quicOptions(changed, renewed, env));
      own = { certificates: ownCertificates(changed.tls, renewed), contract: ownContract(changed, renewed) };
      acceptor.reconfigure(origins.replace(changed), optionsOf(changed));
    },
    stop: async () => {
      acceptor.stop();
      origins.destroy();
      await endpoint.close(Code.H3_NO_ERROR, 'shutting down');
    },
  };
}

/** The origin, and those of former configurations as long as they have requests or upgraded connections. */
class Origins {
  readonly #logger: Logger;
  readonly #floods: FloodCounters;
  readonly #all = new Set<Origin>();
  #current: Origin;

  constructor(config: ServerConfig, logger: Logger, floods: FloodCounters) {
    this.#logger = logger;
    this.#floods = floods;
    this.#current = this.#create(config);
  }

  get current(): Origin {
    return this.#current;
  }

  replace(config: ServerConfig): Origin {
    const former = this.#current;
    this.#current = this.#create(config);
    void former.close().then(() => this.#all.delete(former));
    return this.#current;
  }

  farewell(): void {
    for (const origin of this.#all) origin.farewell();
  }

  destroy(): void {
    for (const origin of this.#all) origin.destroy();
  }

  #create(config: ServerConfig): Origin {
    const origin = createOrigin(originOptions(config), this.#logger, this.#floods);
    this.#all.add(origin);
    return origin;
  }
}

// Connections would wait in it for ever.
function refuseSockets(env: NodeJS.ProcessEnv): void {
  if (!passesSockets(env, process.pid)) return;
  const found = `found "Server" with LISTEN_FDS=${env.LISTEN_FDS}`;
  throw new StartError('general.mode', `${found}: systemd passes a socket, and only a client end takes one`);
}

function bind(
  config: ServerConfig,
  identity: Identity,
  acceptor: Acceptor,
  meters: Meters,
  logger: Logger,
  env: NodeJS.ProcessEnv,
): Promise<ServerEndpoint> {
  const socket = socketOptions(config);
  const wanted = formatAddress({ host: socket.bindAddress, port: socket.port });
  const key = 'general.quic_port';
  const options = quicOptions(config, identity, env);
  return blaming(key, wanted, () => listen(socket, options, acceptor, logger, meters.quic));
}

function acceptorOptions(
  config: ServerConfig,
  contracts: Contracts,
  meters: Meters,
  requestsPerSession: number,
): AcceptorOptions {
  return {
    session: sessionOptions(config, meters),
    contracts,
    priming: primingOf(config),
    requestsPerSession,
    headTimeout: HEAD_TIMEOUT,
    addForwarded: config.system.add_forwarded,
    maxRequests: config.transport.max_concurrent_http_streams,
    maxUpgrades: config.transport.max_upgrades,
  };
}

function originOptions({ general, system }: ServerConfig): OriginOptions {
  return {
    originAddress: general.http_connect_address,
    tcpNoDelay: system.tcp_nodelay,
    maxHeaderSize: system.max_header_size,
    maxHeaderCount: system.max_header_count,
    connectTimeout: system.connect_timeout,
    requestTimeout: system.request_timeout,
    streamIdleTimeout: system.stream_idle_timeout,
  };
}
