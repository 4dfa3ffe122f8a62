/** Configuration, as the parts want it. */
import type { Identity } from './config/identity.ts';
import { type Config, isClient } from './config/schema.ts';
import type { SessionOptions } from './h3/options.ts';
import type { Meters } from './meters.ts';
import type { Contract } from './proxy/contract.ts';
import { flushOutlets } from './proxy/outlet.ts';
import { primingBytes, type QuicOptions } from './quic/options.ts';
import type { SocketOptions } from './quic/socket.ts';
import { version } from './version.ts';

/** For the head of a request to arrive, at either end, milliseconds. */
export const HEAD_TIMEOUT = 30_000;

/**
 * Requests after which a session is replaced: the engine forgets no stream's identifier. Its table of them has 0.6 MB for up
 * to 57,000, and would have twice that for more; at 300 requests a second the next session begins after three minutes.
 */
export const REQUESTS_PER_SESSION = 50_000;

/** What each field line costs besides its bytes, when the size of a field section is counted (RFC 9114 §4.2.2). */
const LINE_OVERHEAD = 32;

export function quicOptions(config: Config, identity: Identity, env: NodeJS.ProcessEnv): QuicOptions {
  const { transport } = config;
  return {
    identity,
    peerName: config.general.peer_hostname,
    verifyPeer: !config.tls.skip_verify,
    maxIdleTimeout: transport.max_idle_timeout,
    keepAliveInterval: transport.keep_alive_interval,
    initialRtt: transport.initial_rtt,
    initialWindow: transport.initial_window,
    congestionAlgorithm: transport.congestion_algorithm,
    udpPayloadSize: transport.udp_payload_size,
    maxEgressRate: transport.max_egress_rate,
    redundancy: transport.redundancy,
    // One limit on the wire; which of them are upgrades is kept apart where requests are admitted.
    maxConcurrentStreams: transport.max_concurrent_http_streams + transport.max_upgrades,
    streamReceiveWindow: transport.stream_receive_window,
    receiveWindow: transport.receive_window,
    sendWindow: transport.send_window,
    allowFrom: isClient(config) ? undefined : config.general.allow_from,
    keyLogFile: env.SSLKEYLOGFILE || undefined,
    onDelivered: flushOutlets,
  };
}

export function socketOptions(config: Config): SocketOptions {
  return {
    bindAddress: config.general.bind_address,
    port: isClient(config) ? 0 : config.general.quic_port,
    receiveBufferSize: config.transport.socket_receive_buffer_size,
    sendBufferSize: config.transport.socket_send_buffer_size,
  };
}

export function sessionOptions(config: Config, meters?: Pick<Meters, 'qpack' | 'floods'>): SessionOptions {
  const { max_header_size, max_header_count } = config.system;
  const { qpack_max_table_capacity, qpack_blocked_streams, qpack_never_indexed } = config.transport;
  return {
    maxFieldSectionSize: max_header_size + LINE_OVERHEAD * max_header_count,
    maxFieldCount: max_header_count,
    qpackMaxTableCapacity: qpack_max_table_capacity,
    qpackBlockedStreams: qpack_blocked_streams,
    qpackNeverIndexed: qpack_never_indexed,
    qpackCounters: meters?.qpack,
    floodCounters: meters?.floods,
    now: () => performance.now(),
  };
}

/** Bytes of padding at the beginning of a session. */
export function primingOf({ transport }: Config): number {
  return primingBytes({
    congestionAlgorithm: transport.congestion_algorithm,
    initialRtt: transport.initial_rtt,
    initialWindow: transport.initial_window,
    maxEgressRate: transport.max_egress_rate,
  });
}

/** What we tell the peer of this end; the clock is looked at when it is told. */
export function ownContract(config: Config, identity: Identity): Contract {
  const { transport, system } = config;
  const [leaf] = identity.certificates;
  return {
    version: version(),
    initialWindow: transport.initial_window,
    initialRtt: transport.initial_rtt,
    maxIdleTimeout: transport.max_idle_timeout,
    keepAliveInterval: transport.keep_alive_interval,
    streamReceiveWindow: Math.min(
      transport.stream_receive_window,
      transport.receive_window ?? Number.POSITIVE_INFINITY,
    ),
    congestionAlgorithm: transport.congestion_algorithm,
    udpPayloadSize: transport.udp_payload_size,
    maxConcurrentHttpStreams: transport.max_concurrent_http_streams,
    maxHeaderSize: system.max_header_size,
    clock: undefined,
    certificateExpiry: leaf && Date.parse(leaf.validTo),
  };
}
