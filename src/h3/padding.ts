import { Buffer } from 'node:buffer';
import type { QuicStreams } from '../quic/port.ts';

/** A stream type that means nothing and that every peer has to bear; padding is what it is for (RFC 9114 §6.2.3). */
const RESERVED_TYPE = Buffer.of(0x21);

/** Of the urgencies of RFC 9218 §4.1: everything else goes first. */
const LEAST_URGENT = 7;

const ZEROS = Buffer.alloc(64 * 1024);

/** Sends `bytes` bytes that nobody wants to know, unless the peer allows no stream for them. */
export function sendPadding(quic: QuicStreams, bytes: number): void {
  if (bytes <= 0) return;
  const id = quic.openStream('unidirectional');
  if (id === undefined) return;
  quic.setPriority(id, LEAST_URGENT, true);
  quic.write(id, RESERVED_TYPE, false);
  for (let left = bytes; left > 0; left -= ZEROS.length) {
    quic.write(id, ZEROS.subarray(0, Math.min(left, ZEROS.length)), left <= ZEROS.length);
  }
}
