/**
 * An emulated link in this process: a UDP relay that treats datagrams as a wide-area network would. Clients send to
 * {@link Link.address}; each client address gets a socket of its own towards the target, as behind a NAT.
 *
 * Node's timers tick once a millisecond: a datagram is never early, and late by a millisecond or so, unless it is to be
 * `precise`. Bursts larger than the kernel's receive buffer (`net.core.rmem_max`) may be cut by the kernel before the
 * relay sees them.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Alarm } from './alarm.ts';
import { type Conditions, type Counters, IDEAL, Lane } from './lane.ts';

/** `up` is from the clients to the target. */
export type Direction = 'up' | 'down';

/** Where the link leads, and its conditions: for both directions, and where `up` or `down` says so, for one. */
export interface LinkOptions extends Partial<Conditions> {
  readonly target: { readonly host: string; readonly port: number };
  /** IP address on which clients are served. Default 127.0.0.1. */
  readonly host?: string;
  readonly up?: Partial<Conditions>;
  readonly down?: Partial<Conditions>;
  /** Of everything that happens at random. Default 1. */
  readonly seed?: number;
  /** For measurements: a thread watches the clock, and datagrams are late by tenths of a millisecond. Default false. */
  readonly precise?: boolean;
}

export interface Link {
  readonly address: { readonly host: string; readonly port: number };
  readonly counters: Readonly<Record<Direction, Readonly<Counters>>>;

  /** Loses everything that is sent from now on, both ways, until {@link restore}. */
  cut(): void;
  restore(): void;

  /** Changes conditions for the datagrams to come. */
  change(direction: Direction, conditions: Partial<Conditions>): void;

  /** Loses the next `count` datagrams. */
  dropNext(direction: Direction, count: number): void;

  /** Asks `keep` about each datagram, and loses those for which it says false; `undefined` ends it. */
  filter(direction: Direction, keep: ((datagram: Buffer) => boolean) | undefined): void;

  /** NAT rebinding: from now on the target sees every client at a new port; what goes to the old one is lost. */
  rebind(): void;

  /** Idempotent. What is under way is lost. */
  close(): Promise<void>;
}

/** Opens a link. Rejects when `host` cannot be bound or the target's name does not resolve. */
export async function createLink(options: LinkOptions): Promise<Link> {
  const target = { ...(await lookup(options.target.host)), port: options.target.port };
  const host = options.host ?? '127.0.0.1';
  const listener = openSocket(isIPv6(host));
  const listening = once(listener, 'listening');
  listener.bind(0, host);
  try {
    await listening;
  } catch (error) {
    listener.close();
    throw error;
  }
  return new Relay(listener, target, options);
}

interface Target {
  readonly address: string;
  readonly family: number;
  readonly port: number;
}

/** A client, and the socket that stands for it towards the target until the relay forgets it. */
interface Flow {
  readonly address: string;
  readonly port: number;
  upstream: Socket | undefined;
}

// A client that keeps trying takes a new port each time; like a NAT, the relay forgets the least recently used.
const MAX_FLOWS = 256;

// The kernel grants what net.core.rmem_max and wmem_max allow.
const SOCKET_BUFFER = 4 * 1024 * 1024;

class Relay implements Link {
  readonly #listener: Socket;
  readonly #target: Target;
  readonly #up: Lane<Flow>;
  readonly #down: Lane<Flow>;
  /** By client, the least recently used first. */
  readonly #flows = new Map<string, Flow>();
  readonly #alarm: Alarm | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #timerDue = Infinity;

  constructor(listener: Socket, target: Target, options: LinkOptions) {
    const { target: _target, host: _host, seed = 1, precise = false, up, down, ...both } = options;
    this.#listener = listener;
    if (precise) this.#alarm = new Alarm(this.#onTimer);
    this.#target = target;
    this.#up = new Lane({ ...IDEAL, ...both, ...up }, 2 * seed);
    this.#down = new Lane({ ...IDEAL, ...both, ...down }, 2 * seed + 1);
    listener.on('message', (datagram, from) => this.#accept(this.#up, datagram, this.#flowOf(from)));
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#listener.address();
    return { host: address, port };
  }

  get counters(): Record<Direction, Counters> {
    return { up: this.#up.counters, down: this.#down.counters };
  }

  cut(): void {
    this.#up.cut = this.#down.cut = true;
  }

  restore(): void {
    this.#up.cut = this.#down.cut = false;
  }

  change(direction: Direction, conditions: Partial<Conditions>): void {
    this.#lane(direction).change(conditions);
  }

  dropNext(direction: Direction, count: number): void {
    this.#lane(direction).dropNext(count);
  }

  filter(direction: Direction, keep: ((datagram: Buffer) => boolean) | undefined): void {
    this.#lane(direction).filter = keep;
  }

  rebind(): void {
    for (const flow of this.#flows.values()) {
      flow.upstream?.close();
      flow.upstream = this.#openUpstream(flow);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#alarm?.close();
    this.#listener.removeAllListeners('message');
    for (const flow of this.#flows.values()) forget(flow);
    this.#flows.clear();
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    await closed;
  }

  #lane(direction: Direction): Lane<Flow> {
    return direction === 'up' ? this.#up : this.#down;
  }

  #flowOf(client: RemoteInfo): Flow {
    const key = `${client.address}|${client.port}`;
    const known = this.#flows.get(key);
    if (known === undefined) this.#makeRoom();
    else this.#flows.delete(key);
    const flow = known ?? this.#openFlow(client);
    this.#flows.set(key, flow);
    return flow;
  }

  #makeRoom(): void {
    if (this.#flows.size < MAX_FLOWS) return;
    for (const [key, oldest] of this.#flows) {
      forget(oldest);
      this.#flows.delete(key);
      return;
    }
  }

  #openFlow(client: RemoteInfo): Flow {
    const flow: Flow = { address: client.address, port: client.port, upstream: undefined };
    flow.upstream = this.#openUpstream(flow);
    return flow;
  }

  #openUpstream(flow: Flow): Socket {
    const socket = openSocket(this.#target.family === 6);
    socket.on('message', (datagram) => this.#accept(this.#down, datagram, flow));
    return socket;
  }

  #accept(lane: Lane<Flow>, datagram: Buffer, flow: Flow): void {
    lane.accept(datagram, flow, performance.now());
    this.#deliver();
  }

  #deliver(): void {
    const now = performance.now();
    const { address, port } = this.#target;
    for (let parcel = this.#up.take(now); parcel !== undefined; parcel = this.#up.take(now)) {
      parcel.flow.upstream?.send(parcel.datagram, port, address);
    }
    for (let parcel = this.#down.take(now); parcel !== undefined; parcel = this.#down.take(now)) {
      this.#listener.send(parcel.datagram, parcel.flow.port, parcel.flow.address);
    }
    this.#arm(now);
  }

  // Due times come from the lanes, never from when a timer fired: late timers do not add up.
  #arm(now: number): void {
    const due = Math.min(this.#up.nextDue ?? Infinity, this.#down.nextDue ?? Infinity);
    if (due >= this.#timerDue) return;
    this.#timerDue = due;
    clearTimeout(this.#timer);
    if (this.#alarm === undefined) this.#timer = setTimeout(this.#onTimer, due - now);
    else this.#alarm.set(due - now);
  }

  readonly #onTimer = (): void => {
    this.#timerDue = Infinity;
    this.#deliver();
  };
}

function forget(flow: Flow): void {
  flow.upstream?.close();
  flow.upstream = undefined;
}

function openSocket(ipv6: boolean): Socket {
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    recvBufferSize: SOCKET_BUFFER,
    sendBufferSize: SOCKET_BUFFER,
    lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
  });
  // What cannot be sent is lost, as it would be further out.
  socket.on('error', () => undefined);
  return socket;
}
