import type { Buffer } from 'node:buffer';
import type { RemoteInfo, Socket } from 'node:dgram';
import { datagramDescriptor } from '../linux/descriptor.ts';
import { batching } from './batching.ts';
import { type IncomingBatch, MOST_AT_ONCE } from './incoming-batch.ts';
import type { Logger } from './log.ts';
import { isPassing } from './network-errors.ts';
import type { BatchTarget } from './outgoing-batch.ts';

/** Most datagrams that are read besides Node's own in one turn of the event loop: others have something to do as well. */
const PER_TURN = 64;

/** Having found nothing, it looks again after so many datagrams. */
const PAUSE = 8;

/** Whom a {@link ConnectedSocket} tells. */
export interface ConnectedSocketEvents {
  /** These are to be sent in the ordinary way. */
  unsent(datagrams: readonly Buffer[]): void;
  /** As the socket's own event. */
  failed(code: string): void;
}

/** The fast way in and out of a socket that is connected: many datagrams at a time, when the process is busy. */
export class ConnectedSocket implements BatchTarget {
  readonly #socket: Socket;
  readonly #logger: Logger;
  readonly #events: ConnectedSocketEvents;
  #descriptor: number | undefined;
  #left = PER_TURN;
  #renewing = false;
  #pause = 0;
  segments = true;

  constructor(socket: Socket, logger: Logger, events: ConnectedSocketEvents) {
    this.#socket = socket;
    this.#logger = logger;
    this.#events = events;
  }

  get descriptor(): number {
    return this.#descriptor ?? -1;
  }

  /** It is connected now. */
  connected(): void {
    this.#descriptor = datagramDescriptor(this.#socket);
  }

  unsent(datagrams: readonly Buffer[], code: string | undefined): void {
    // In this order: an owner that hears of a failure may close the socket.
    this.#events.unsent(datagrams);
    if (code !== undefined) this.#failed(code);
  }

  /** True: it leaves before anything else happens in the process, and the buffer may be used again. False: not this way. */
  send(datagram: Buffer): boolean {
    const { outgoing } = batching;
    if (outgoing === undefined) batching.moved(this.#logger);
    else if (this.#descriptor !== undefined) return outgoing.add(this, datagram);
    return false;
  }

  /** The memory of a datagram is used again after `listener` returned. */
  onDatagram(listener: (datagram: Buffer, from: RemoteInfo) => void): void {
    this.#socket.on('message', (datagram, from) => {
      listener(datagram, from);
      this.#readOn((next) => listener(next, from));
    });
  }

  /** Closes the socket; from here on the system may give its descriptor to another. */
  close(): void {
    if (this.#descriptor !== undefined) batching.flush();
    this.#descriptor = undefined;
    this.#socket.close();
  }

  #readOn(take: (datagram: Buffer) => void): void {
    const { incoming } = batching;
    if (incoming === undefined) {
      batching.moved(this.#logger);
      return;
    }
    if (this.#pause > 0) this.#pause--;
    else if (this.#left > 0) this.#drain(incoming, take);
  }

  #drain(incoming: IncomingBatch, take: (datagram: Buffer) => void): void {
    const before = this.#left;
    while (this.#descriptor !== undefined && this.#left > 0) {
      const most = Math.min(this.#left, MOST_AT_ONCE);
      const count = incoming.read(this.#descriptor, most, take);
      if (typeof count === 'string') {
        this.#failed(count);
        break;
      }
      this.#left -= count;
      if (count < most) break;
    }
    if (this.#left === before) this.#pause = PAUSE;
    else this.#renew();
  }

  /** Also what the network said of an earlier datagram: the system tells it once, to whoever calls next. */
  #failed(code: string): void {
    if (!isPassing(code)) this.#events.failed(code);
  }

  #renew(): void {
    if (this.#renewing) return;
    this.#renewing = true;
    setImmediate(() => {
      this.#renewing = false;
      this.#left = PER_TURN;
    });
  }
}
