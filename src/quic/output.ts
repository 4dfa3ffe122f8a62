import { Buffer } from 'node:buffer';
import { Answer } from './answer.ts';
import { DatagramSize, SAFE_DATAGRAM_SIZE } from './datagram-size.ts';
import { Insistence } from './insistence.ts';
import type { ConnectionFigures } from './meter.ts';
import type { EngineAddress, EngineConnection } from './native.ts';
import { enginePaces, type QuicOptions, windowUnit } from './options.ts';
import { Pacer } from './pacer.ts';
import type { Role } from './port.ts';
import { ProbeRtt } from './probe-rtt.ts';
import { Redundancy } from './redundancy.ts';
import type { SendQueue } from './send-queue.ts';

/**
 * The path is measured at most this often, milliseconds, while it holds something back, and otherwise: asking the engine takes
 * as long as two datagrams.
 */
const MEASURE_INTERVAL = 1;
const CALM_INTERVAL = 4;

/** Most bytes that the engine is given at a time; what is queued beyond keeps its order of turns. */
const ENGINE_PORTION = 64 * 1024;

/**
 * Bytes of a datagram that are not stream data, besides the destination connection ID: first byte, packet number,
 * authentication tag (RFC 9001 §5.3), frame header.
 */
const PACKET_OVERHEAD = 1 + 3 + 16 + 10;

/** The engine sends no stream data into less room than this (its bound on a frame header, and a little). */
const LEAST_DATA = 20;

/**
 * By how many datagrams the bucket may be overdrawn: for the rest of what the engine was given, when headers were
 * larger than thought; and when it has no data to send, so that acknowledgments do not wait.
 */
const DATA_SLACK = 2;
const CONTROL_SLACK = 10;

/** Most datagrams of one connection that one turn of the event loop sends. */
const DATAGRAMS_PER_TURN = 512;

const EMPTY = Buffer.alloc(0);

/** What is needed of the engine. */
export type OutputEngine = Pick<
  EngineConnection,
  'send' | 'pathStats' | 'destinationId' | 'sendAckEliciting'
>;

/**
 * Datagrams out of the engine: how large, how fast, and how much the engine is given.
 *
 * With Bbr it is given no more than may leave at once. The engine never forgets a stream that was reset or stopped
 * while it held bytes not yet sent, and never gives the stream's credit back: a hundred cancelled downloads would be
 * the end of the connection.
 */
export class Output {
  readonly #engine: OutputEngine;
  readonly #options: QuicOptions;
  readonly #pacer: Pacer;
  readonly #transmit: (datagram: Buffer, to: EngineAddress, now: number) => boolean;
  readonly #alternates: boolean;
  readonly #redundancy: Redundancy;
  readonly #insistence = new Insistence();
  readonly #answer = new Answer();
  readonly #probeRtt: ProbeRtt;
  readonly #size: DatagramSize;
  /** Set while the peer is not authenticated: datagrams that every path carries, and none twice from a server. */
  #handshake: 'client' | 'server' | undefined;
  /** The next datagram may carry an Initial packet, which the engine pads to the size of its buffer. */
  #padded = true;
  #destinationIdLength: number | undefined;
  #shortened = false;
  /** Memory for the next datagram: nearly always the same, so that sending makes no garbage. */
  #buffer = EMPTY;
  /** Bytes that the engine holds to be sent, for the first time or again: an estimate, exact when it is 0. */
  #held = 0;
  /** Since datagrams last came: bytes that left, and those of streams that the engine took. */
  #left = 0;
  #taken = 0;
  #cwnd = Number.POSITIVE_INFINITY;
  #lostBytes = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  /** When all had left that there was. */
  #emptiedAt = Number.NEGATIVE_INFINITY;
  /** Not all that there was has left. */
  #isHeldBack = false;
  #packetsHeard = 0;

  /** What leaves is an answer alone, which had waited as long as it may: the peer acknowledges none of it. */
  isAnswering = false;
  /** When the pacer lets the next datagram through; `Infinity` when none waits. */
  #blockedUntil = Number.POSITIVE_INFINITY;
  /** When packets of the peer were last seen to have arrived; 0 before. */
  heardAt = 0;
  /** Smoothed round-trip time, milliseconds. */
  rtt = 0;
  sentBytes = 0;
  /** Packets that left, as the engine counted them last. */
  sentPackets = 0;
  /** Where the last datagram went. */
  lastAddress: EngineAddress | undefined;

  constructor(
    engine: OutputEngine,
    options: QuicOptions,
    role: Role,
    now: number,
    transmit: (datagram: Buffer, to: EngineAddress, now: number) => boolean,
    warn: (message: string) => void,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#pacer = new Pacer(options, options.udpPayloadSize, now);
    this.#transmit = transmit;
    this.#alternates = enginePaces(options.congestionAlgorithm);
    this.#probeRtt = new ProbeRtt(this.#alternates ? 0 : windowUnit(options));
    this.#handshake = role;
    this.#redundancy = new Redundancy(options.redundancy, now);
    this.#size = new DatagramSize(options.udpPayloadSize, (reason) => {
      const { udpPayloadSize } = options;
      warn(
        `sending datagrams of ${SAFE_DATAGRAM_SIZE} bytes instead of udp_payload_size (${udpPayloadSize}): ${reason}`,
      );
    });
  }

  /** When {@link flush} wants to be called again for reasons of its own; `Infinity` when there are none. */
  get due(): number {
    const { due } = this.#answer;
    return Math.min(due, this.#blockedUntil, this.#redundancy.due, this.#insistence.due, this.#probeRtt.due);
  }

  /** How the path is that is in use. `queue` is what waits for it. */
  figures(queue: SendQueue | undefined): ConnectionFigures {
    const path = this.#engine.pathStats().find(({ active }) => active);
    const congestionWindow = path?.cwnd ?? 0;
    return {
      rtt: this.rtt,
      congestionWindow,
      bytesInFlight: Math.max(0, congestionWindow - (queue?.capacity() ?? congestionWindow)),
      queuedBytes: queue?.byteLength ?? 0,
      deliveryRate: path?.deliveryRate ?? 0,
    };
  }

  /** The congestion window as it was last seen, bytes; 0 before. */
  get congestionWindow(): number {
    return this.#cwnd === Number.POSITIVE_INFINITY ? 0 : this.#cwnd;
  }

  /** The handshake is complete. */
  established(): void {
    this.#handshake = undefined;
  }

  /** The next datagram carries STOP_SENDING, which the engine sends only once. */
  insist(): void {
    this.#insistence.insist();
  }

  /** The engine's timer went off. */
  timedOut(now: number): void {
    this.#size.timedOut(now);
    this.demand();
  }

  /** The system refused a datagram for its size. */
  datagramRefused(): void {
    this.#size.refused();
  }

  /** Sends something that the peer acknowledges. */
  ping(): void {
    this.#engine.sendAckEliciting();
    this.#answer.ask();
  }

  /** There may be something to send that must not wait. */
  demand(): void {
    this.#answer.demand();
  }

  /** A datagram of so many bytes came: what the engine says of its window is true again. */
  received(bytes: number): void {
    this.#answer.received(bytes);
    this.#left = 0;
    this.#taken = 0;
  }

  /**
   * Sends all that the windows and the pacer allow; a closing connection does not wait for the pacer. True: there
   * is more, for the next turn of the event loop.
   */
  flush(queue: SendQueue | undefined, now: number, closing: boolean): boolean {
    this.#measure(now);
    this.#blockedUntil = Number.POSITIVE_INFINITY;
    const repeat = (datagram: Buffer, to: EngineAddress): void => this.#repeat(datagram, to, now);
    this.#insistence.release(now, repeat);
    if (this.#probeRtt.asks(this.rtt, now)) this.ping();
    this.#redundancy.release(now, () => this.#pacer.room(now) > 0, repeat);
    if (queue !== undefined && !closing && this.#mayWait(queue, now)) return false;
    this.#isHeldBack = true;
    this.isAnswering = this.#answer.isAll && this.#held === 0 && queue?.hasReady === false;
    let datagrams = 0;
    for (;;) {
      const given = queue === undefined ? 0 : this.#give(queue, now);
      do {
        if (!closing && !this.#mayShip(now)) return this.#wait(now);
        if (datagrams++ === DATAGRAMS_PER_TURN) return true;
      } while (this.#ship(now));
      // Unless its window is full, the engine has nothing left, whatever the estimate says.
      const stale =
        this.#held > 0 && queue !== undefined && this.#window(queue) >= this.#overhead + LEAST_DATA;
      if (stale) this.#held = 0;
      if (queue?.hasReady === true) {
        if (given > 0 || stale) continue;
        if (this.#pacer.room(now) === 0) return this.#wait(now);
        this.#pacer.windowFull(now);
        return false;
      }
      this.#answer.given(now);
      this.#isHeldBack = this.#held > 0;
      if (this.#held > 0) return false;
      this.#emptiedAt = now;
      this.#redundancy.burstEnded(now, this.#pacer.rate);
      return false;
    }
  }

  /** Whether nothing has to leave now. What was lost since the last time has to, which only a look at the path tells. */
  #mayWait(queue: SendQueue, now: number): boolean {
    if (queue.hasReady || this.#held > 0 || !this.#answer.mayWait(now)) return false;
    if (this.#measuredAt !== now && this.#emptiedAt !== now) this.#look(now);
    return this.#held === 0;
  }

  #wait(now: number): false {
    this.#blockedUntil = this.#pacer.nextShipment(now);
    return false;
  }

  /** What the engine was given may overdraw the bucket a little; acknowledgments and the like do not wait at all. */
  #mayShip(now: number): boolean {
    const slack = this.#held > 0 ? DATA_SLACK : CONTROL_SLACK;
    return this.#pacer.mayShip(now, slack * this.#options.udpPayloadSize);
  }

  #give(queue: SendQueue, now: number): number {
    if (!queue.hasReady) return 0;
    const room = this.#room(queue, now) - this.#held;
    if (room < this.#overhead + LEAST_DATA) return 0;
    const given = queue.fill(room, this.#size.current, this.#overhead);
    this.#held += given;
    this.#taken += given;
    return given;
  }

  /** Bytes of a datagram that are not stream data. */
  get #overhead(): number {
    this.#destinationIdLength ??= this.#engine.destinationId().length;
    return PACKET_OVERHEAD + this.#destinationIdLength;
  }

  /** Loss-based windows grow only while the engine has more than they let through, so it must be given more. */
  #room(queue: SendQueue, now: number): number {
    if (this.#alternates) return ENGINE_PORTION;
    return Math.min(ENGINE_PORTION, this.#pacer.room(now), this.#window(queue));
  }

  /** What is left of the congestion window; the engine counts what it was given, and headers only once they left. */
  #window(queue: SendQueue): number {
    return Math.min(this.#cwnd, queue.capacity() ?? this.#cwnd) - Math.max(0, this.#left - this.#taken);
  }

  #ship(now: number): boolean {
    const size = this.#padded ? SAFE_DATAGRAM_SIZE : this.#size.current;
    if (this.#buffer.length !== size) this.#buffer = Buffer.allocUnsafeSlow(size);
    const buffer = this.#buffer;
    // Loss-based algorithms: the engine stamps a whole window with one send time unless datagram sizes vary, and
    // then its round-trip estimate grows without bound. A client's first datagrams must not be shorter than 1200 bytes.
    const shorter = this.#alternates && this.#shortened && !this.#padded;
    const sent = this.#engine.send(shorter ? buffer.subarray(0, size - 1) : buffer);
    if (sent === null) return false;
    // The last flight of a client's handshake begins with an Initial packet, and comes after `established`.
    this.#padded = this.#handshake !== undefined;
    this.#shortened = !this.#shortened;
    const [length, info] = sent;
    const datagram = length === size ? buffer : buffer.subarray(0, length);
    if (this.#held > 0 || this.#handshake === 'client') this.#redundancy.sent(datagram, info.to, now);
    this.#insistence.sent(datagram, info.to, now);
    this.#size.sent(length);
    // Acknowledgments are not subject to congestion control, nor to the pacer.
    if (this.#held > 0 || length > this.#options.udpPayloadSize / 2) this.#pacer.shipped(length);
    if (this.#held > 0) this.#held = Math.max(0, this.#held - Math.max(0, length - this.#overhead));
    this.#left += length;
    this.sentBytes += length;
    this.lastAddress = info.to;
    if (!this.#transmit(datagram, info.to, now)) this.#buffer = EMPTY;
    return true;
  }

  #repeat(datagram: Buffer, to: EngineAddress, now: number): void {
    this.#pacer.shipped(datagram.length);
    this.#transmit(datagram, to, now);
  }

  // At rest nothing happens but that a question is answered, at once and for once: who has asked looks for that.
  #measure(now: number): void {
    const interval = this.#isHeldBack ? MEASURE_INTERVAL : CALM_INTERVAL;
    if (now - this.#measuredAt >= interval || this.#answer.isAtRest(now)) this.#look(now);
  }

  #look(now: number): void {
    this.#measuredAt = now;
    for (const path of this.#engine.pathStats()) {
      if (!path.active) continue;
      if (path.recv !== this.#packetsHeard) {
        this.#packetsHeard = path.recv;
        this.heardAt = now;
        this.#size.heard(path.lost, now);
      }
      this.#redundancy.observe(path, now);
      this.rtt = path.rtt;
      this.#cwnd = path.cwnd;
      this.#probeRtt.observe(path.cwnd, path.rtt, now);
      this.sentPackets = path.sent;
      // What was lost, the engine has to send again.
      this.#held += Math.max(0, path.lostBytes - this.#lostBytes);
      this.#lostBytes = path.lostBytes;
      this.#pacer.update(path, now);
    }
  }
}
