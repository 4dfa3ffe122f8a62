import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Role } from '../../../src/quic/port.ts';
import type { Random } from '../../support/random.ts';
import type { DatagramMutator } from './datagrams.ts';

const HOST = '127.0.0.1';

/** Shares of real datagrams that are lost, come twice, or are overtaken by the next. */
const LOST = 0.01;
const TWICE = 0.02;
const OVERTAKEN = 0.02;

/** Between a client and the server: passes on what they send, mostly, and puts in what they did not. */
export class Relay {
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #stranger: Socket;
  readonly #serverPort: number;
  readonly #mutator: DatagramMutator;
  readonly #random: Random;
  #client: AddressInfo | undefined;
  #held: (() => void) | undefined;

  static async open(serverPort: number, mutator: DatagramMutator, random: Random): Promise<Relay> {
    const sockets = [createSocket('udp4'), createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, HOST);
      await once(socket, 'listening');
      socket.on('error', () => undefined);
    }
    return new Relay(sockets, serverPort, mutator, random);
  }

  private constructor(
    [front, back, stranger]: readonly [Socket, Socket, Socket],
    serverPort: number,
    mutator: DatagramMutator,
    random: Random,
  ) {
    this.#front = front;
    this.#back = back;
    this.#stranger = stranger;
    this.#serverPort = serverPort;
    this.#mutator = mutator;
    this.#random = random;
    front.on('message', (datagram, from) => {
      this.#client = from;
      this.#pass('client', datagram);
    });
    back.on('message', (datagram) => this.#pass('server', datagram));
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** Sends a datagram that nobody sent, or once more one that somebody did, and gives it. */
  inject(): Buffer {
    const sender = this.#random.chance(0.65) ? 'client' : 'server';
    const isRepeated = this.#random.chance(0.1);
    const datagram = isRepeated ? this.#mutator.repeat(sender) : this.#mutator.make(sender);
    // The very datagram from elsewhere would be a client that has moved.
    if (sender === 'client' && !isRepeated && this.#random.chance(0.3)) {
      this.#stranger.send(datagram, this.#serverPort, HOST);
    } else this.#send(sender, datagram);
    return datagram;
  }

  close(): void {
    for (const socket of [this.#front, this.#back, this.#stranger]) socket.close();
  }

  #pass(sender: Role, datagram: Buffer): void {
    this.#mutator.note(sender, datagram);
    if (this.#random.chance(LOST)) return;
    const send = () => this.#send(sender, datagram);
    if (this.#held === undefined && this.#random.chance(OVERTAKEN)) {
      this.#held = send;
      return;
    }
    send();
    if (this.#random.chance(TWICE)) send();
    this.#held?.();
    this.#held = undefined;
  }

  #send(sender: Role, datagram: Buffer): void {
    if (sender === 'client') this.#back.send(datagram, this.#serverPort, HOST);
    else if (this.#client !== undefined) this.#front.send(datagram, this.#client.port, this.#client.address);
  }
}
