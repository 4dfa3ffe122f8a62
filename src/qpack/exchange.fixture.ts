import assert from 'node:assert/strict';
import { type DecodeResult, QpackDecoder } from './decoder.ts';
import { QpackEncoder } from './encoder.ts';

/** Bytes on their way, in order. */
class Pipe {
  #bytes = Buffer.alloc(0);

  push(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  get length(): number {
    return this.#bytes.length;
  }
}

interface RequestStream {
  readonly id: number;
  /** Sent and not yet received. */
  readonly sections: { readonly encoded: Uint8Array; readonly fields: readonly string[] }[];
  /** What the section that blocks the stream must give. */
  blocked: readonly string[] | undefined;
  cancelled: boolean;
}

/**
 * An encoder and a decoder with a network between them that delivers each stream in order, but delays one against the
 * other as it pleases.
 */
export class Exchange {
  readonly #encoder: QpackEncoder;
  readonly #decoder: QpackDecoder;
  readonly #toDecoder = new Pipe();
  readonly #toEncoder = new Pipe();
  readonly #streams: RequestStream[];
  readonly #maxBlocked: number;

  constructor(setting: { ours: number; peers: number; blockedStreams: number; streams: number }) {
    this.#encoder = new QpackEncoder({ maxTableCapacity: setting.ours, neverIndexed: [] });
    this.#decoder = new QpackDecoder({
      maxTableCapacity: setting.peers,
      blockedStreams: setting.blockedStreams,
      maxFieldSectionSize: 1_000_000,
    });
    this.#maxBlocked = setting.blockedStreams;
    this.#encoder.applyPeerSettings(setting.peers, setting.blockedStreams);
    this.#toDecoder.push(this.#encoder.takeEncoderStreamBytes());
    this.#streams = Array.from({ length: setting.streams }, (_, at) => ({
      id: 4 * at,
      sections: [],
      blocked: undefined,
      cancelled: false,
    }));
  }

  send(at: number, fields: readonly string[]): void {
    const stream = this.#stream(at);
    stream.sections.push({ encoded: Buffer.from(this.#encoder.encode(stream.id, fields)), fields });
    this.#toDecoder.push(this.#encoder.takeEncoderStreamBytes());
  }

  setCapacity(capacity: number): void {
    this.#encoder.setCapacity(capacity);
    this.#toDecoder.push(this.#encoder.takeEncoderStreamBytes());
  }

  deliverSection(at: number): void {
    const stream = this.#stream(at);
    if (stream.blocked !== undefined) return;
    const section = stream.sections.shift();
    if (section === undefined || stream.cancelled) return;
    const result = this.#decoder.decode(stream.id, section.encoded);
    if (result.kind === 'blocked') stream.blocked = section.fields;
    else expectFields(result, section.fields);
    const blocked = this.#streams.filter((each) => each.blocked !== undefined).length;
    assert.ok(blocked <= this.#maxBlocked, 'more streams are blocked than allowed');
    this.#toEncoder.push(this.#decoder.takeDecoderStreamBytes());
  }

  deliverEncoderStream(count: number): void {
    for (const id of this.#decoder.receiveEncoderStream(this.#toDecoder.take(count))) {
      const stream = this.#stream(id / 4);
      expectFields(this.#decoder.resume(id), stream.blocked);
      stream.blocked = undefined;
    }
    this.#toEncoder.push(this.#decoder.takeDecoderStreamBytes());
  }

  deliverDecoderStream(count: number): void {
    this.#encoder.receiveDecoderStream(this.#toEncoder.take(count));
  }

  cancel(at: number): void {
    const stream = this.#stream(at);
    if (stream.cancelled) return;
    stream.cancelled = true;
    stream.blocked = undefined;
    this.#decoder.cancelStream(stream.id);
    this.#toEncoder.push(this.#decoder.takeDecoderStreamBytes());
  }

  /** Delivers all that is on its way; then nothing may be blocked, nor any entry be in use. */
  finish(): void {
    this.deliverEncoderStream(this.#toDecoder.length);
    this.#streams.forEach((stream, at) => {
      while (stream.sections.length > 0) this.deliverSection(at);
      assert.equal(stream.blocked, undefined, 'blocked though everything has arrived');
    });
    this.deliverDecoderStream(this.#toEncoder.length);
    assert.ok(this.#encoder.setCapacity(0), 'an entry is in use though everything was acknowledged');
  }

  #stream(at: number): RequestStream {
    return this.#streams[at % this.#streams.length] as RequestStream;
  }
}

function expectFields(result: DecodeResult, fields: readonly string[] | undefined): void {
  assert.deepEqual(result, { kind: 'fields', fields }, 'a section is not what was sent');
}
