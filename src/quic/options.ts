import type { Buffer } from 'node:buffer';
import { type EngineConfig, quiche } from './native.ts';
import type { Role } from './port.ts';
import type { RedundancyMode } from './redundancy.ts';

export type CongestionAlgorithm = 'Bbr' | 'Cubic' | 'NewReno' | 'None';

/** PEM material of one end. */
export interface QuicIdentity {
  /** Certificates that the other end's chain must lead to. */
  readonly ca: Buffer;
  /** Our chain, leaf first. */
  readonly chain: Buffer;
  /** Our private key, PKCS#8. */
  readonly key: Buffer;
}

/** What both ends of a connection are told. Times in milliseconds, sizes in bytes. */
export interface QuicOptions {
  readonly identity: QuicIdentity;
  /** Name or IP address that the other end's certificate must carry. */
  readonly peerName: string;
  /** False accepts any certificate: for experiments alone. */
  readonly verifyPeer: boolean;
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  readonly initialRtt: number;
  readonly initialWindow: number;
  readonly congestionAlgorithm: CongestionAlgorithm;
  /** Largest UDP payload that we send. */
  readonly udpPayloadSize: number;
  /** Most that is sent, bytes a second. */
  readonly maxEgressRate: number | undefined;
  /** Whether datagrams with nothing behind them are sent twice. */
  readonly redundancy: RedundancyMode;
  /** Bidirectional streams that the peer may have open at once. */
  readonly maxConcurrentStreams: number;
  /** Flow-control credit of each stream. */
  readonly streamReceiveWindow: number;
  /** Cap on each stream's credit, where the user bounds the connection. */
  readonly receiveWindow: number | undefined;
  /** Most bytes held for the peer that the engine has not yet taken. */
  readonly sendWindow: number;
  /** Server: CIDR blocks from which connections may come; every address where there are none. */
  readonly allowFrom: readonly string[] | undefined;
  /** TLS secrets are appended here (NSS key log format), for packet captures. */
  readonly keyLogFile: string | undefined;
  /** Called when what came was handed on, and before what is to be sent is made into datagrams. */
  readonly onDelivered?: () => void;
}

/** Application protocol: HTTP/3 (RFC 9114 §3.1). */
const ALPN = ['h3'];

/**
 * The engine's credit for a whole connection restarts at 48 KB once it is spent, and grows back only under steady
 * load. A first credit that is never spent avoids it; unread bytes are bounded by streams × their credit instead.
 */
const UNLIMITED = 2 ** 50;

/** Unidirectional streams for the peer: three of HTTP/3 and some of kinds that we ignore (RFC 9114 §6.2). */
const PEER_UNIDIRECTIONAL_STREAMS = 16;

/** Largest UDP payload there is: the engine sends in units of up to a tenth of the window, and asks the peer's leave. */
const MAX_UDP_PAYLOAD = 65527;

/** The first congestion window in units of the engine's largest datagram (RFC 9002 §7.2). */
const INITIAL_WINDOW_UNITS = 10;

/** The least window in the same units. */
const MINIMUM_WINDOW_UNITS = 2;

/**
 * Largest datagram that the engine believes in, in bytes. It measures windows in this unit, so it is how the first
 * window is set; real datagrams are as small as the buffer that they are written into.
 */
export function windowUnit(options: Pick<QuicOptions, 'initialWindow' | 'congestionAlgorithm'>): number {
  const units = options.congestionAlgorithm === 'None' ? MINIMUM_WINDOW_UNITS : INITIAL_WINDOW_UNITS;
  return Math.min(Math.floor(options.initialWindow / units), MAX_UDP_PAYLOAD);
}

/** Bytes in a millisecond of round trip by which the engine comes to know a rate at which its clock is exact. */
const PRIMING_RATE = 1600;

/**
 * Bytes that a connection should send early on, within a round trip, whatever they are. The engine (quiche 0.18) stamps
 * packets with times from the past, by up to the unit of its window at the rate that it has seen; after small requests
 * alone that is seconds, by which round trips seem to last longer and losses are noticed later. A burst of half the window
 * shows Bbr what the link can do. The others are exact once they have sent their first window; with None, whose unit is
 * larger, that would be too much, and the error is a share of the round trip.
 */
export function primingBytes(
  options: Pick<QuicOptions, 'congestionAlgorithm' | 'initialRtt' | 'initialWindow' | 'maxEgressRate'>,
): number {
  const { congestionAlgorithm, initialRtt, initialWindow, maxEgressRate } = options;
  if (congestionAlgorithm === 'None') return 0;
  if (congestionAlgorithm !== 'Bbr') return initialWindow;
  const rate = Math.min(PRIMING_RATE, (maxEgressRate ?? Number.POSITIVE_INFINITY) / 1000);
  return Math.ceil(Math.min(initialWindow / 2, rate * initialRtt));
}

/** Most bytes that the peer may send of one stream before we take some. */
export function streamCredit(options: Pick<QuicOptions, 'streamReceiveWindow' | 'receiveWindow'>): number {
  return Math.min(options.streamReceiveWindow, options.receiveWindow ?? Number.POSITIVE_INFINITY);
}

/** Whether the engine's own pacer must run: it keeps the send times of loss-based algorithms true. */
export function enginePaces(algorithm: CongestionAlgorithm): boolean {
  return algorithm !== 'Bbr';
}

/**
 * Translates options for the engine. Throws an Error with the TLS library's reason when it cannot read the key; whether
 * keys and certificates are right and fit each other is for the configuration to know.
 */
export function engineConfig(options: QuicOptions, role: Role): EngineConfig {
  const { identity } = options;
  // The second argument stays false: true would let every certificate through.
  const config = quiche.Config.withBoringSslCtx(
    options.verifyPeer,
    false,
    identity.ca,
    [identity.key],
    [identity.chain],
  );
  config.setApplicationProtos(ALPN);
  config.setMaxIdleTimeout(options.maxIdleTimeout);
  applyFlowControl(config, options, role);
  applyCongestionControl(config, options);
  config.setDisableActiveMigration(true);
  config.grease(true);
  if (options.keyLogFile !== undefined) config.logKeys();
  return config;
}

function applyFlowControl(config: EngineConfig, options: QuicOptions, role: Role): void {
  const credit = streamCredit(options);
  config.setInitialMaxData(UNLIMITED);
  config.setInitialMaxStreamDataBidiLocal(credit);
  config.setInitialMaxStreamDataBidiRemote(credit);
  config.setInitialMaxStreamDataUni(credit);
  config.setMaxStreamWindow(credit);
  config.setMaxConnectionWindow(credit);
  config.setInitialMaxStreamsBidi(role === 'server' ? options.maxConcurrentStreams : 0);
  config.setInitialMaxStreamsUni(PEER_UNIDIRECTIONAL_STREAMS);
}

function applyCongestionControl(config: EngineConfig, options: QuicOptions): void {
  config.setMaxRecvUdpPayloadSize(MAX_UDP_PAYLOAD);
  config.setMaxSendUdpPayloadSize(windowUnit(options));
  config.setCcAlgorithmName(ENGINE_ALGORITHM[options.congestionAlgorithm]);
  config.enablePacing(enginePaces(options.congestionAlgorithm));
}

const ENGINE_ALGORITHM: Record<CongestionAlgorithm, string> = {
  Bbr: 'bbr',
  Cubic: 'cubic',
  NewReno: 'reno',
  None: 'reno',
};
