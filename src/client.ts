import type { Identity } from './config/identity.ts';
import type { ClientConfig } from './config/schema.ts';
import { Code } from './h3/codes.ts';
import type { Logger } from './proxy/failures.ts';
import { createFront, type Front, type FrontOptions } from './proxy/front.ts';
import { Peer } from './proxy/peer.ts';
import { Dialer } from './quic/dial.ts';
import { formatAddress } from './quic/socket.ts';
import { blaming, type Running } from './running.ts';
import { quicOptions, sessionOptions, socketOptions } from './settings.ts';

/** For the head of an HTTP/1.1 request to arrive, milliseconds. */
const HEAD_TIMEOUT = 30_000;

/** The client end, running. */
export interface RunningClient extends Running {
  /** Where HTTP/1.1 is served. */
  readonly httpPort: number;
  /** Resolves when the tunnel is ready. */
  readonly ready: Promise<void>;
}

/** Serves HTTP/1.1 and connects to the server end. Throws a StartError when the port cannot be had. */
export async function startClient(
  config: ClientConfig,
  identity: Identity,
  logger: Logger,
  env: NodeJS.ProcessEnv,
): Promise<RunningClient> {
  const { general, system } = config;
  const dialer = await blaming('tls.key', config.tls.key, () => {
    return new Dialer(socketOptions(config), quicOptions(config, identity, env), logger);
  });
  const peer = new Peer(
    (events) => void dialer.dial(general.connect_address, general.quic_port, events),
    {
      connectInterval: system.connect_interval,
      holdTimeout: system.hold_timeout,
      streamTimeout: system.stream_idle_timeout,
      session: sessionOptions(config),
    },
    logger,
    () => performance.now(),
  );
  const front = createFront(frontOptions(config), peer, logger);
  const httpPort = await listen(front, config, logger);
  await peer.start();
  return {
    httpPort,
    ready: peer.whenReady(),
    drain: () => front.close(),
    stop: async () => {
      front.destroy();
      peer.stop();
      await dialer.close(Code.H3_NO_ERROR, 'shutting down');
    },
  };
}

async function listen(front: Front, config: ClientConfig, logger: Logger): Promise<number> {
  const wanted = formatAddress(config.general.http_bind_address);
  const { address, port } = await blaming('general.http_bind_address', wanted, () => front.listen());
  const bound = formatAddress({ host: address, port });
  logger.info({ address: bound }, `serving HTTP/1.1 at ${bound}`);
  return port;
}

function frontOptions({ general, system }: ClientConfig): FrontOptions {
  return {
    bindAddress: general.http_bind_address,
    tcpNoDelay: system.tcp_nodelay,
    maxHeaderSize: system.max_header_size,
    maxHeaderCount: system.max_header_count,
    requestTimeout: system.request_timeout,
    streamIdleTimeout: system.stream_idle_timeout,
    headTimeout: HEAD_TIMEOUT,
    addForwarded: system.add_forwarded,
  };
}
