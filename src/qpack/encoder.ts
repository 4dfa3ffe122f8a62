import { DecoderStreamReader } from './instructions.ts';
import { STATIC_BY_NAME } from './static-table.ts';
import { Writer } from './writer.ts';

/**
 * Fields whose values are secrets. They are sent as never-indexed literals, so that no hop puts them into a table
 * that somebody else's requests can probe, short ones above all, as these can be guessed (RFC 9204 §7.1.3).
 */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
]);

/** Encodes our field sections (RFC 9204 §4.5) with the static table alone. */
export class QpackEncoder {
  readonly #writer = new Writer();
  readonly #decoderStream = new DecoderStreamReader();

  /**
   * Encodes `fields` (names and values in turn, one byte per character) as one field section. Throws a RangeError when
   * a character is no byte.
   */
  encode(_streamId: number, fields: readonly string[]): Uint8Array {
    this.#writer.reset();
    this.#writer.integer(0, 8, 0);
    this.#writer.integer(0, 7, 0);
    for (let at = 0; at + 1 < fields.length; at += 2) {
      this.#fieldLine(fields[at] as string, fields[at + 1] as string);
    }
    return this.#writer.take();
  }

  /** Takes what came on the peer's decoder stream. Throws a QpackError with QPACK_DECODER_STREAM_ERROR. */
  receiveDecoderStream(chunk: Uint8Array): void {
    this.#decoderStream.receive(chunk);
  }

  /** What is to be sent on our encoder stream: nothing, as there is no dynamic table. */
  takeEncoderStreamBytes(): Uint8Array | undefined {
    return undefined;
  }

  /** The peer's SETTINGS. They only allow what this encoder does not use. */
  applyPeerSettings(_maxTableCapacity: number, _blockedStreams: number): void {}

  #fieldLine(name: string, value: string): void {
    const known = STATIC_BY_NAME.get(name);
    const index =
      known !== undefined && value.length <= known.longestValue ? known.values.get(value) : undefined;
    if (index !== undefined) {
      // Indexed Field Line (§4.5.2): 1 T=1 index(6+)
      this.#writer.integer(0xc0, 6, index);
      return;
    }
    const neverIndexed = SECRET_NAMES.has(name);
    // Literal Field Line with Name Reference (§4.5.4): 0 1 N T=1 index(4+)
    if (known !== undefined) this.#writer.integer(neverIndexed ? 0x70 : 0x50, 4, known.index);
    // Literal Field Line with Literal Name (§4.5.6): 0 0 1 N H length(3+)
    else this.#writer.string(neverIndexed ? 0x30 : 0x20, 4, name);
    this.#writer.string(0, 8, value);
  }
}
