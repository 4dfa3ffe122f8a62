/** A QUIC client that does whatever a test wants of the engine, without our rules. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type EngineConfig, type EngineConnection, quiche } from '../../src/quic/native.ts';

/** A UDP socket on a port of its own, at an address of this host. */
export async function plainSocket(host = '127.0.0.1', port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  return socket;
}

/** What every client of ours says of itself, but for its certificate. */
export function rawConfig(ca: Buffer, chain?: Buffer, key?: Buffer): EngineConfig {
  const config = quiche.Config.withBoringSslCtx(true, false, ca, key && [key], chain && [chain]);
  config.setApplicationProtos(['h3']);
  config.setMaxIdleTimeout(5000);
  config.setInitialMaxData(10_000_000);
  config.setInitialMaxStreamDataBidiLocal(1_000_000);
  config.setInitialMaxStreamDataBidiRemote(1_000_000);
  config.setInitialMaxStreamDataUni(1_000_000);
  config.setInitialMaxStreamsUni(3);
  config.setMaxRecvUdpPayloadSize(65_527);
  return config;
}

export class RawClient {
  readonly engine: EngineConnection;
  /** So many of the next datagrams are lost. */
  loseNext = 0;
  readonly #socket: Socket;
  readonly #port: number;
  #timer: NodeJS.Timeout | undefined;
  #wake = (): void => {};

  static async start(port: number, config: EngineConfig, serverName: string): Promise<RawClient> {
    return new RawClient(await plainSocket(), port, config, serverName);
  }

  private constructor(socket: Socket, port: number, config: EngineConfig, serverName: string) {
    const local = { host: '127.0.0.1', port: socket.address().port };
    const remote = { host: '127.0.0.1', port };
    this.#socket = socket;
    this.#port = port;
    this.engine = quiche.Connection.connect(serverName, Buffer.alloc(0), local, remote, config);
    socket.on('message', (datagram) => {
      try {
        this.engine.recv(datagram, { from: remote, to: local });
      } catch {
        // The engine has noted why it closes, and the next flush says it.
      }
      this.flush();
      this.#wake();
    });
    this.flush();
  }

  /** The first datagram of a client that nothing more is heard of. */
  static firstDatagram(port: number, config: EngineConfig, serverName: string): Buffer {
    const local = { host: '127.0.0.1', port: 1 };
    const remote = { host: '127.0.0.1', port };
    const engine = quiche.Connection.connect(serverName, Buffer.alloc(0), local, remote, config);
    const datagram = Buffer.alloc(1200);
    engine.send(datagram);
    return datagram;
  }

  /** Sends what the engine has to send. */
  flush(): void {
    for (;;) {
      const datagram = Buffer.alloc(1350);
      const sent = this.engine.send(datagram);
      if (sent === null) break;
      if (this.loseNext-- <= 0) this.#socket.send(datagram.subarray(0, sent[0]), this.#port, '127.0.0.1');
    }
    clearTimeout(this.#timer);
    const timeout = this.engine.timeout();
    if (timeout !== null) this.#timer = setTimeout(this.#onTimeout, Math.max(1, timeout));
  }

  /** Resolves once `condition` holds; it is looked at after each datagram. */
  async until(condition: (engine: EngineConnection) => boolean): Promise<void> {
    while (!condition(this.engine)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  readonly #onTimeout = (): void => {
    this.engine.onTimeout();
    this.flush();
    this.#wake();
  };
}
