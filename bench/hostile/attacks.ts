/** What strangers do to a server's port. Everything that can be is made beforehand, so that an attack costs little. */
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type EngineConfig, quiche } from '../../src/quic/native.ts';
import { hostileCertificate } from '../../test/support/hostile-certificate.ts';
import { Stranger } from '../../test/support/stranger.ts';
import { cryptoGaps, initialKeys, initialPacket } from './initial-packet.ts';

/** Sends one hostile datagram. */
export type Shot = () => void;
export type Attack = (port: number) => Promise<Shot>;

/** First packets that are made beforehand. */
const POOL = 2000;
const SOCKETS = 256;
/** Datagrams of one flood of CRYPTO frames. */
const FLOOD = 8;
/** Of so many handshakes one goes on to show its certificate, and so many do at once. */
const REAL = 250;
const REAL_AT_ONCE = 64;

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'handshakes that never finish': async (port) =>
    fire(port, firstPackets(port), await sockets(() => '127.0.0.1')),
  'the same from many addresses': async (port) => fire(port, firstPackets(port), await sockets(anyAddress)),
  'floods of CRYPTO frames': async (port) => fire(port, floods(), await sockets(anyAddress)),
  'certificates of 60 KB': (port) => certificates(port, 60_000),
  'certificates just short enough': (port) => certificates(port, 4700),
  'random bytes': async (port) => fire(port, noise(), await sockets(anyAddress)),
  'replayed Retry tokens': replayedTokens,
};

/** Any of the 16 million addresses that are this host. */
const anyAddress = (): string => `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`;

async function sockets(address: () => string): Promise<Socket[]> {
  const all = Array.from({ length: SOCKETS }, () => createSocket('udp4').bind(0, address()));
  await Promise.all(all.map((socket) => once(socket, 'listening')));
  return all;
}

function fire(port: number, datagrams: readonly Buffer[], from: readonly Socket[]): Shot {
  let shots = 0;
  return () => {
    const datagram = datagrams[shots % datagrams.length];
    // A flood is one client's.
    const socket = from[Math.floor(shots / FLOOD) % from.length];
    if (datagram !== undefined) socket?.send(datagram, port, '127.0.0.1');
    shots++;
  };
}

/** What a client says of itself that presents this certificate, or none. */
function clientConfig(certificate?: { readonly certificate: string; readonly key: string }): EngineConfig {
  const chain = certificate && [Buffer.from(certificate.certificate)];
  const key = certificate && [Buffer.from(certificate.key)];
  const config = quiche.Config.withBoringSslCtx(false, false, null, key, chain);
  config.setApplicationProtos(['h3']);
  config.setMaxIdleTimeout(5000);
  config.setMaxRecvUdpPayloadSize(65_527);
  return config;
}

function firstPackets(port: number): Buffer[] {
  const config = clientConfig();
  const local = { host: '127.0.0.1', port: 1 };
  const remote = { host: '127.0.0.1', port };
  return Array.from({ length: POOL }, () => {
    const engine = quiche.Connection.connect('attacker.example.org', Buffer.alloc(0), local, remote, config);
    const datagram = Buffer.alloc(1200);
    engine.send(datagram);
    return datagram;
  });
}

function floods(): Buffer[] {
  return Array.from({ length: POOL / FLOOD }, () => {
    const ids = { destination: randomBytes(16), source: Buffer.alloc(0) };
    const keys = initialKeys(ids.destination, 'client');
    return Array.from({ length: FLOOD }, (_, n) => initialPacket(keys, ids, n, cryptoGaps(1000 * n)));
  }).flat();
}

const noise = (): Buffer[] => Array.from({ length: POOL }, () => randomBytes(randomInt(1, 1400)));

async function certificates(port: number, size: number): Promise<Shot> {
  const config = clientConfig(hostileCertificate(size));
  const filler = fire(port, firstPackets(port), await sockets(anyAddress));
  let shots = 0;
  let real = 0;
  const shakeHands = async (): Promise<void> => {
    real++;
    const stranger = await Stranger.open(port, config, anyAddress());
    stranger.persist();
    setTimeout(() => {
      stranger.close();
      real--;
    }, 5000);
  };
  return () => {
    if (++shots % REAL === 0 && real < REAL_AT_ONCE) void shakeHands();
    else filler();
  };
}

async function replayedTokens(port: number): Promise<Shot> {
  const crowd = await sockets(anyAddress);
  const first = firstPackets(port);
  for (let n = 0; n < 8; n++) crowd[n]?.send(first[n] ?? Buffer.alloc(0), port, '127.0.0.1');
  const strangers = await Promise.all(
    crowd.slice(0, 32).map(() => Stranger.open(port, clientConfig(), anyAddress())),
  );
  const shots = await Promise.all(
    strangers.map(async (stranger) => {
      stranger.flush();
      stranger.take(await stranger.answer());
      const second = stranger.next() ?? Buffer.alloc(0);
      return (): void => stranger.send(second);
    }),
  );
  let count = 0;
  return () => shots[count++ % shots.length]?.();
}
