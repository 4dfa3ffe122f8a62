import { afterEach, beforeEach, vi } from 'vitest';
import { QpackEncoder } from '../qpack/encoder.ts';
import type { Role, StreamId } from '../quic/port.ts';
import { encodeFrame, FrameType } from './frames.ts';
import type { FieldLines } from './port.ts';
import { GET, type Harness, harness } from './recording-quic.fixture.ts';

export const QPACK_OPTIONS = { qpackMaxTableCapacity: 4096, qpackBlockedStreams: 3 };

const UNUSED_STREAM = 400;

/** GET with a line that has to go into the dynamic table. */
export const INDEXED_GET: FieldLines = [...GET, 'user-agent', 'a browser'];

/**
 * The peer's encoder, whose instructions are delivered when the test says so. The peer's encoder stream is its second
 * unidirectional one.
 */
export class PeerEncoder {
  readonly #encoder = new QpackEncoder({ maxTableCapacity: 4096, neverIndexed: [] });
  readonly #peer: Harness;
  readonly #streamId: StreamId;
  #begun = false;

  constructor(peer: Harness, role: Role) {
    this.#peer = peer;
    this.#streamId = role === 'server' ? 6 : 7;
    // More than it was allowed: tests count themselves.
    this.#encoder.applyPeerSettings(QPACK_OPTIONS.qpackMaxTableCapacity, 1000);
  }

  /** A HEADERS frame. */
  headers(id: StreamId, fields: FieldLines): Uint8Array {
    return encodeFrame(FrameType.HEADERS, this.#encoder.encode(id, fields));
  }

  /** Makes sections with these lines decodable at once. */
  insertLinesOf(fields: FieldLines): void {
    this.#encoder.encode(UNUSED_STREAM, fields);
    this.deliver();
  }

  /** Delivers the instructions of all frames so far. */
  deliver(): void {
    const bytes = this.#encoder.takeEncoderStreamBytes() ?? new Uint8Array(0);
    this.#peer.receive(this.#streamId, Buffer.concat([Buffer.of(...(this.#begun ? [] : [2])), bytes]));
    this.#begun = true;
  }
}

/** A server, and the encoder of its client. */
export function serverWithEncoder(options: object = {}): { server: Harness; encoder: PeerEncoder } {
  const server = harness('server', { ...QPACK_OPTIONS, ...options });
  return { server, encoder: new PeerEncoder(server, 'server') };
}

/** Within a `describe`: instructions that are collected wait for {@link decoderStream}, not for a clock. */
export function holdTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** Instructions that were written to our decoder stream, our third unidirectional one, once time has passed. */
export function decoderStream(of: Harness): number[] {
  vi.runOnlyPendingTimers();
  return toldAtOnce(of);
}

/** Those that were written already. */
export function toldAtOnce({ quic }: Harness): number[] {
  return [...quic.written(quic.role === 'server' ? 11 : 10).subarray(1)];
}

/** RFC 9204 §4.4, of streams with a short identifier. */
export const acknowledgment = (id: StreamId): number => 0x80 | id;
export const cancellation = (id: StreamId): number => 0x40 | id;
