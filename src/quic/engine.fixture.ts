import type { EngineConnection } from './native.ts';
import type { OutputEngine } from './output.ts';
import type { SendingEngine } from './send-queue.ts';

type Sent = ReturnType<EngineConnection['send']>;
type PathStats = ReturnType<EngineConnection['pathStats']>[number];

const ADDRESS = { host: '192.0.2.1', port: 4433 };

/** Bytes of a datagram that are not stream data. */
const OVERHEAD = 44;

/**
 * A stand-in for the engine's sending half, with the same habits: a congestion window that counts whole datagrams once
 * they left, and room for stream data that counts only what it was given since it last heard from the peer.
 */
export class SendingFixture implements SendingEngine, OutputEngine {
  cwnd = Number.MAX_SAFE_INTEGER;
  lostBytes = 0;
  inFlight = 0;
  /** Bytes taken of streams and not yet sent. */
  unsent = 0;
  /** Acknowledgments that want to be sent. */
  acknowledgments = 0;
  /** PINGs asked for. */
  pings = 0;
  /** Every call of `streamSend` that took something: stream, bytes, end. */
  readonly taken: [number, number, boolean][] = [];
  /** Credit by stream; unlimited where there is none. */
  readonly credit = new Map<number, number>();
  /** What calls for a stream throw. */
  readonly failures = new Map<number, string>();
  #room = Number.MAX_SAFE_INTEGER;

  /** Something was heard: `acked` bytes left the network. */
  heard(acked: number): void {
    this.inFlight -= acked;
    this.#room = Math.max(0, this.cwnd - this.inFlight);
  }

  streamSend(id: number, data: Uint8Array, fin: boolean): number | null {
    this.#fail(id);
    if (data.length > 0 && this.#room === 0) return null;
    const credit = this.credit.get(id) ?? Number.MAX_SAFE_INTEGER;
    const length = Math.min(data.length, this.#room, credit);
    if (length === 0 && data.length > 0) return null;
    this.credit.set(id, credit - length);
    this.#room -= length;
    this.unsent += length;
    this.taken.push([id, length, fin && length === data.length]);
    return length;
  }

  streamCapacity(id: number): number {
    this.#fail(id);
    return Math.min(this.#room, this.credit.get(id) ?? Number.MAX_SAFE_INTEGER);
  }

  send(datagram: Uint8Array): Sent {
    const length = this.#next(datagram.length);
    // The engine's own idea of when a datagram is to leave cannot be read.
    const info = { from: ADDRESS, to: ADDRESS, at: {} } as unknown as NonNullable<Sent>[1];
    return length === 0 ? null : [length, info];
  }

  #next(size: number): number {
    const left = Math.min(size, this.cwnd - this.inFlight) - OVERHEAD;
    if (this.unsent === 0 || left < 12) return this.#acknowledge();
    const data = Math.min(this.unsent, left);
    this.unsent -= data;
    this.inFlight += data + OVERHEAD;
    return data + OVERHEAD;
  }

  #acknowledge(): number {
    if (this.acknowledgments === 0) return 0;
    this.acknowledgments--;
    return OVERHEAD;
  }

  pathStats(): PathStats[] {
    const counts = {
      recv: 0,
      sent: 0,
      lost: 0,
      retrans: 0,
      sentBytes: 0,
      recvBytes: 0,
      streamRetransBytes: 0,
    };
    const { cwnd, lostBytes } = this;
    const path = {
      localHost: ADDRESS,
      peerHost: ADDRESS,
      active: true,
      rtt: 100,
      pmtu: 1350,
      deliveryRate: 0,
    };
    return [{ ...counts, ...path, cwnd, lostBytes }];
  }

  sendAckEliciting(): void {
    this.pings++;
  }

  destinationId(): Uint8Array {
    return new Uint8Array(16);
  }

  #fail(id: number): void {
    const failure = this.failures.get(id);
    if (failure !== undefined) throw new Error(failure);
  }
}
