import { Buffer } from 'node:buffer';
import { varintLength, writeVarint } from '../bytes/varint.ts';
import type { QuicStreams, StreamId } from '../quic/port.ts';
import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import { MAX_HELD_FOR_OWN_STREAM } from './limits.ts';

/**
 * A critical stream of ours (RFC 9114 §6.2): control, QPACK encoder or decoder. What is written before the peer lets
 * us open it, or while QUIC has enough queued, is held up to a bound.
 */
export class OwnStream {
  readonly #quic: QuicStreams;
  #id: StreamId | undefined;
  #held: Uint8Array[];
  #heldLength: number;
  #full = false;

  /** `type`: see StreamType of unidirectional.ts. */
  constructor(quic: QuicStreams, type: number) {
    this.#quic = quic;
    const header = new Uint8Array(varintLength(type));
    writeVarint(header, 0, type);
    this.#held = [header];
    this.#heldLength = header.length;
  }

  get id(): StreamId | undefined {
    return this.#id;
  }

  /** Whether what is written leaves at once, as far as QUIC tells. */
  get hasRoom(): boolean {
    return this.#id !== undefined && !this.#full;
  }

  /** Opens the stream if it is not and the peer allows it. */
  open(): void {
    if (this.#id !== undefined) return;
    this.#id = this.#quic.openStream('unidirectional');
    // Request streams may have to wait for what this one says: it goes first, and so does what of it was lost.
    if (this.#id !== undefined) this.#quic.setPriority(this.#id, MOST_URGENT, false);
    this.#flush();
  }

  /** Throws H3_EXCESSIVE_LOAD when the peer has left too much untaken. */
  write(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldLength += bytes.length;
    this.#flush();
    if (this.#heldLength > MAX_HELD_FOR_OWN_STREAM) {
      throw connectionError(
        Code.H3_EXCESSIVE_LOAD,
        'the peer takes nothing from our control or QPACK streams',
      );
    }
  }

  onDrain(): void {
    this.#full = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#id === undefined || this.#full || this.#heldLength === 0) return;
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldLength = 0;
    this.#full = !this.#quic.write(this.#id, bytes as Uint8Array, false);
  }
}

/** Of the urgencies of RFC 9218 §4.1. */
const MOST_URGENT = 0;
