import { readVarint, varintLengthFrom } from '../bytes/varint.ts';
import type { Role, StreamId } from '../quic/port.ts';
import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import type { FloodGuard } from './flood-guard.ts';
import { MAX_PADDING } from './limits.ts';

/** Types of unidirectional streams (RFC 9114 §6.2, RFC 9204 §4.2). */
export const StreamType = { CONTROL: 0x00, PUSH: 0x01, QPACK_ENCODER: 0x02, QPACK_DECODER: 0x03 } as const;

/** Reserved types are `31 * N + 33`: their streams mean nothing (RFC 9114 §6.2.3). */
const isReserved = (type: number): boolean => type >= 0x21 && (type - 0x21) % 0x1f === 0;

/** The streams that each end opens once and never closes. */
export type CriticalStream = 'control' | 'qpackEncoder' | 'qpackDecoder';

const CRITICAL = new Map<number, CriticalStream>([
  [StreamType.CONTROL, 'control'],
  [StreamType.QPACK_ENCODER, 'qpackEncoder'],
  [StreamType.QPACK_DECODER, 'qpackDecoder'],
]);

/** What becomes of the peer's unidirectional streams. */
export interface UnidirectionalHandler {
  onCriticalData(stream: CriticalStream, chunk: Uint8Array): void;
  /** A stream of unknown type, or with too much padding, to be refused and forgotten (RFC 9114 §6.2, §9). */
  onUnknownStream(id: StreamId): void;
}

/** A stream whose type is not there yet: the bytes of it so far. */
interface Untyped {
  readonly kind: 'untyped';
  readonly bytes: Uint8Array;
  length: number;
}

interface Typed {
  readonly kind: 'typed';
  readonly stream: CriticalStream;
}

/** A stream that is thrown away. */
interface Padding {
  readonly kind: 'padding';
}

const PADDING: Padding = { kind: 'padding' };

/**
 * Makes typed streams of the peer's raw unidirectional ones, and keeps the rules of critical streams: one of each,
 * never closed (RFC 9114 §6.2, RFC 9204 §4.2).
 */
export class UnidirectionalStreams {
  readonly #role: Role;
  readonly #flood: FloodGuard;
  readonly #handler: UnidirectionalHandler;
  readonly #streams = new Map<StreamId, Untyped | Typed | Padding>();
  readonly #opened = new Set<CriticalStream>();
  #paddingLeft = MAX_PADDING;

  /** `role` is ours. */
  constructor(role: Role, flood: FloodGuard, handler: UnidirectionalHandler) {
    this.#role = role;
    this.#flood = flood;
    this.#handler = handler;
  }

  /** Throws the H3Error that the bytes, or the stream's end, call for. */
  receive(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    const known = this.#streams.get(id);
    if (known?.kind === 'typed') this.#handler.onCriticalData(known.stream, chunk);
    else if (known?.kind === 'padding') this.#discard(id, chunk);
    else this.#readType(id, known ?? this.#arrive(id), chunk);
    if (fin) this.end(id);
  }

  /** The stream was reset or ended. Before its type is known that is no error (RFC 9114 §6.2). */
  end(id: StreamId): void {
    const known = this.#streams.get(id) ?? this.#arrive(id);
    this.#streams.delete(id);
    if (known.kind === 'typed') {
      throw connectionError(
        Code.H3_CLOSED_CRITICAL_STREAM,
        `the peer closed its ${NAMES[known.stream]} stream`,
      );
    }
  }

  // Every stream counts as useless; the three that are not make no difference.
  #arrive(id: StreamId): Untyped {
    this.#flood.spend('unidirectional streams');
    const untyped: Untyped = { kind: 'untyped', bytes: new Uint8Array(8), length: 0 };
    this.#streams.set(id, untyped);
    return untyped;
  }

  #readType(id: StreamId, untyped: Untyped, chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      untyped.bytes[untyped.length++] = chunk[offset++] as number;
      if (untyped.length === varintLengthFrom(untyped.bytes[0] as number)) {
        this.#open(id, readVarint(untyped.bytes, 0), chunk.subarray(offset));
        return;
      }
    }
  }

  #open(id: StreamId, type: number, rest: Uint8Array): void {
    const stream = CRITICAL.get(type);
    if (stream !== undefined) {
      if (this.#opened.has(stream)) {
        throw connectionError(Code.H3_STREAM_CREATION_ERROR, `a second ${NAMES[stream]} stream`);
      }
      this.#opened.add(stream);
      this.#streams.set(id, { kind: 'typed', stream });
      this.#handler.onCriticalData(stream, rest);
    } else if (type === StreamType.PUSH) throw this.#pushError();
    else if (isReserved(type)) {
      this.#streams.set(id, PADDING);
      this.#discard(id, rest);
    } else this.#refuse(id);
  }

  // To refuse what a peer of our make sends would spoil its congestion control: see `primingBytes` of QUIC's options.
  #discard(id: StreamId, chunk: Uint8Array): void {
    this.#paddingLeft -= chunk.length;
    if (this.#paddingLeft < 0) this.#refuse(id);
  }

  #refuse(id: StreamId): void {
    this.#streams.delete(id);
    this.#handler.onUnknownStream(id);
  }

  // Only servers push, and only up to the MAX_PUSH_ID that we never send (RFC 9114 §4.6, §6.2.2).
  #pushError() {
    return this.#role === 'server'
      ? connectionError(Code.H3_STREAM_CREATION_ERROR, 'a push stream from a client')
      : connectionError(Code.H3_ID_ERROR, 'a push stream without MAX_PUSH_ID');
  }
}

const NAMES: Readonly<Record<CriticalStream, string>> = {
  control: 'control',
  qpackEncoder: 'QPACK encoder',
  qpackDecoder: 'QPACK decoder',
};
