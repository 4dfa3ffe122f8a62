/**
 * `false-server.ts`: takes connections as a server that wants to wear clients out, and writes its port. In turn: a
 * certificate of 60 KB, one that is just short enough, and a flood of CRYPTO frames.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type EngineConfig, type EngineConnection, quiche } from '../../src/quic/native.ts';
import { isInitial, parseLongHeader } from '../../src/quic/packet.ts';
import { hostileCertificate } from '../../test/support/hostile-certificate.ts';
import { cryptoGaps, initialKeys, initialPacket } from './initial-packet.ts';

const FLOOD = 5000;

function serverConfig(size: number): EngineConfig {
  const { certificate, key } = hostileCertificate(size);
  const config = quiche.Config.withBoringSslCtx(
    false,
    false,
    null,
    [Buffer.from(key)],
    [Buffer.from(certificate)],
  );
  config.setApplicationProtos(['h3']);
  config.setMaxIdleTimeout(5000);
  config.setMaxRecvUdpPayloadSize(65_527);
  return config;
}

const configs = [serverConfig(60_000), serverConfig(4700)];
const socket = createSocket('udp4').bind(0, '127.0.0.1');
await once(socket, 'listening');
const local = { host: '127.0.0.1', port: socket.address().port };
const engines = new Map<number, EngineConnection>();
let clients = 0;

function flush(engine: EngineConnection, to: RemoteInfo): void {
  const room = Buffer.alloc(1350);
  for (let sent = engine.send(room); sent !== null; sent = engine.send(room)) {
    socket.send(Buffer.from(room.subarray(0, sent[0])), to.port, to.address);
  }
}

function flood(datagram: Buffer, to: RemoteInfo): void {
  const header = parseLongHeader(datagram);
  if (header === undefined) return;
  const keys = initialKeys(Buffer.from(header.destination), 'server');
  const ids = { destination: Buffer.from(header.source), source: randomBytes(8) };
  for (let n = 0; n < FLOOD; n++) {
    socket.send(initialPacket(keys, ids, n, cryptoGaps(300 * n)), to.port, to.address);
  }
}

socket.on('message', (datagram, from) => {
  let engine = engines.get(from.port);
  if (engine === undefined) {
    if (!isInitial(datagram)) return;
    const config = configs[clients++ % (configs.length + 1)];
    if (config === undefined) {
      flood(datagram, from);
      return;
    }
    const remote = { host: from.address, port: from.port };
    engine = quiche.Connection.accept(randomBytes(16), null, local, remote, config);
    engines.set(from.port, engine);
    setTimeout(() => engines.delete(from.port), 5000);
  }
  try {
    engine.recv(datagram, { from: { host: from.address, port: from.port }, to: local });
  } catch {
    // It has seen through us.
  }
  flush(engine, from);
});
console.log(local.port);
