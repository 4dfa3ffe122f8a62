import type { EngineAddress, EngineConnection } from './native.ts';
import { enginePaces, type QuicOptions } from './options.ts';
import { Pacer } from './pacer.ts';
import type { SendQueue } from './send-queue.ts';

/** The path is measured at most this often, milliseconds: asking the engine is not free. */
const MEASURE_INTERVAL = 1;

/** How many bytes the engine may hold unsent; what is queued beyond keeps its order of turns. */
const ENGINE_BACKLOG = 64 * 1024;

/** Most datagrams of one connection that one turn of the event loop sends. */
const DATAGRAMS_PER_TURN = 512;

/** Datagrams out of the engine: how large, how fast, and how much the engine is given ahead. */
export class Output {
  readonly #engine: EngineConnection;
  readonly #options: QuicOptions;
  readonly #pacer: Pacer;
  readonly #transmit: (datagram: Buffer, to: EngineAddress) => void;
  readonly #alternates: boolean;
  #shortened = false;
  #spare: Buffer | undefined;
  #backlog = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #packetsHeard = 0;

  /** When the pacer lets the next datagram through; `Infinity` when none waits. */
  blockedUntil = Number.POSITIVE_INFINITY;
  /** When packets of the peer were last seen to have arrived; 0 before. */
  heardAt = 0;
  /** Smoothed round-trip time, milliseconds. */
  rtt = 0;
  sentBytes = 0;
  /** Where the last datagram went. */
  lastAddress: EngineAddress | undefined;

  constructor(
    engine: EngineConnection,
    options: QuicOptions,
    now: number,
    transmit: (datagram: Buffer, to: EngineAddress) => void,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#pacer = new Pacer(options, options.udpPayloadSize, now);
    this.#transmit = transmit;
    this.#alternates = enginePaces(options.congestionAlgorithm);
  }

  /**
   * Sends all that the windows and the pacer allow; a closing connection does not wait for the pacer. True: there
   * is more, for the next turn of the event loop.
   */
  flush(queue: SendQueue | undefined, now: number, closing: boolean): boolean {
    this.#measure(now);
    this.blockedUntil = Number.POSITIVE_INFINITY;
    let datagrams = 0;
    for (;;) {
      const given = queue === undefined ? 0 : this.#fill(queue);
      for (;;) {
        if (!closing && !this.#pacer.mayShip(now)) {
          this.blockedUntil = this.#pacer.nextShipment(now);
          return false;
        }
        if (!this.#ship()) break;
        if (++datagrams === DATAGRAMS_PER_TURN) return true;
      }
      // The engine has nothing that it may send. Unless its window is full, it has nothing at all: data that a reset
      // stream left behind is not sent, and must not count for ever.
      if (this.#backlog > 0 && queue?.blocked() === false) this.#backlog = 0;
      if (given === 0) return false;
    }
  }

  #fill(queue: SendQueue): number {
    const room = ENGINE_BACKLOG - this.#backlog;
    if (room <= 0 || !queue.hasReady) return 0;
    const given = queue.fill(room);
    this.#backlog += given;
    return given;
  }

  #ship(): boolean {
    const buffer = this.#spare ?? Buffer.allocUnsafe(this.#options.udpPayloadSize);
    this.#spare = undefined;
    // Loss-based algorithms: the engine stamps a whole window with one send time unless datagram sizes vary, and
    // then its round-trip estimate grows without bound.
    const room = this.#alternates && this.#shortened ? buffer.subarray(0, buffer.length - 1) : buffer;
    const sent = this.#engine.send(room);
    if (sent === null) {
      this.#spare = buffer;
      return false;
    }
    this.#shortened = !this.#shortened;
    const [length, info] = sent;
    this.#backlog = Math.max(0, this.#backlog - length);
    this.sentBytes += length;
    this.lastAddress = info.to;
    this.#pacer.shipped(length);
    this.#transmit(buffer.subarray(0, length), info.to);
    return true;
  }

  #measure(now: number): void {
    if (now - this.#measuredAt < MEASURE_INTERVAL) return;
    this.#measuredAt = now;
    for (const path of this.#engine.pathStats()) {
      if (!path.active) continue;
      if (path.recv !== this.#packetsHeard) {
        this.#packetsHeard = path.recv;
        this.heardAt = now;
      }
      this.rtt = path.rtt;
      this.#pacer.update(path, now);
    }
  }
}
