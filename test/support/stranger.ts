/** A client that a test leads by the hand: every datagram is asked for, may be changed, and is sent from any socket. */
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { type EngineConfig, type EngineConnection, quiche } from '../../src/quic/native.ts';
import { SERVER_NAME } from './certificates.ts';
import { plainSocket } from './quic-raw.ts';

export class Stranger {
  readonly engine: EngineConnection;
  readonly socket: Socket;
  readonly #port: number;

  /** `host`: one of this host's addresses, from which it sends; `idLength`: bytes of its connection ID. */
  static async open(port: number, config: EngineConfig, host = '127.0.0.1', idLength = 0): Promise<Stranger> {
    return new Stranger(port, config, await plainSocket(host), host, idLength);
  }

  private constructor(port: number, config: EngineConfig, socket: Socket, host: string, idLength: number) {
    this.socket = socket;
    this.#port = port;
    const local = { host, port: socket.address().port };
    const remote = { host: '127.0.0.1', port };
    const id = Buffer.alloc(idLength, 7);
    this.engine = quiche.Connection.connect(SERVER_NAME, id, local, remote, config);
  }

  /** What the engine sends next; `undefined` when it has nothing to say. */
  next(): Buffer | undefined {
    const datagram = Buffer.alloc(1350);
    const sent = this.engine.send(datagram);
    return sent === null ? undefined : datagram.subarray(0, sent[0]);
  }

  send(datagram: Buffer): void {
    this.socket.send(datagram, this.#port, '127.0.0.1');
  }

  /** Sends all that the engine has to say. */
  flush(): void {
    for (let datagram = this.next(); datagram !== undefined; datagram = this.next()) this.send(datagram);
  }

  /** The next datagram that comes; the engine is not told. */
  async answer(): Promise<Buffer> {
    const [datagram] = (await once(this.socket, 'message')) as [Buffer];
    return datagram;
  }

  /** Tells the engine of a datagram. */
  take(datagram: Buffer): void {
    const { address, port } = this.socket.address();
    const info = { from: { host: '127.0.0.1', port: this.#port }, to: { host: address, port } };
    try {
      this.engine.recv(datagram, info);
    } catch {
      // The engine has noted why it closes.
    }
  }

  /** Goes on until the handshake is complete at this end. */
  async establish(): Promise<void> {
    this.flush();
    while (!this.engine.isEstablished()) {
      this.take(await this.answer());
      this.flush();
    }
  }

  /** Goes on by itself for as long as the socket is open: answers, and repeats itself where nothing comes. */
  persist(): void {
    this.flush();
    this.socket.on('message', (datagram: Buffer) => {
      this.take(datagram);
      this.flush();
    });
  }

  close(): void {
    this.socket.close();
  }
}
