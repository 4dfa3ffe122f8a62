/** A client that drives the engine itself, for what our own client would never send. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { quiche } from '../../src/quic/native.ts';
import { SERVER_NAME, sharedPki } from '../support/certificates.ts';

export interface CloseSeen {
  /** Of the application, not of QUIC or TLS. */
  readonly isApp: boolean;
  readonly code: number;
}

/**
 * Shakes hands with the server end on `port` without presenting a certificate, and resolves with how the server closed
 * the connection.
 */
export async function connectWithoutCertificate(port: number): Promise<CloseSeen> {
  const { ca } = await sharedPki();
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const local = { host: '127.0.0.1', port: socket.address().port };
  const remote = { host: '127.0.0.1', port };
  const config = quiche.Config.withBoringSslCtx(true, false, readFileSync(ca), null, null);
  config.setApplicationProtos(['h3']);
  config.setMaxIdleTimeout(5000);
  config.setMaxRecvUdpPayloadSize(65_527);
  const connection = quiche.Connection.connect(SERVER_NAME, Buffer.alloc(0), local, remote, config);
  const buffer = Buffer.alloc(1350);
  const flush = (): void => {
    for (let sent = connection.send(buffer); sent !== null; sent = connection.send(buffer)) {
      socket.send(Buffer.from(buffer.subarray(0, sent[0])), port, '127.0.0.1');
    }
  };
  return new Promise((resolve) => {
    socket.on('message', (datagram) => {
      connection.recv(datagram, { from: remote, to: local });
      flush();
      const error = connection.peerError();
      if (error === null) return;
      socket.close();
      resolve({ isApp: error.isApp, code: error.errorCode });
    });
    flush();
  });
}
