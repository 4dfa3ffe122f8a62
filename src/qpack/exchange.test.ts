import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
  readonly sections: { readonly encoded: Uint8Array; readonly fields: string[] }[];
  /** What the section that blocks the stream must give. */
  blocked: string[] | undefined;
  cancelled: boolean;
}

/**
 * An encoder and a decoder with a network between them that delivers each stream in order, but delays one against the
 * other as it pleases.
 */
class Exchange {
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

  send(at: number, fields: string[]): void {
    const stream = this.#stream(at);
    stream.sections.push({ encoded: this.#encoder.encode(stream.id, fields), fields });
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
    expect(this.#streams.filter((each) => each.blocked).length).toBeLessThanOrEqual(this.#maxBlocked);
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
      expect(stream.blocked).toBeUndefined();
    });
    this.deliverDecoderStream(this.#toEncoder.length);
    expect(this.#encoder.setCapacity(0)).toBe(true);
  }

  #stream(at: number): RequestStream {
    return this.#streams[at % this.#streams.length] as RequestStream;
  }
}

function expectFields(result: DecodeResult, fields: string[] | undefined): void {
  expect(result).toEqual({ kind: 'fields', fields });
}

// Mostly lines that come again, with and without a static name; together more than a small table holds.
const name = fc.constantFrom(':path', 'user-agent', 'server', 'cookie', 'x-a', 'x-b', 'x-c', '', 'age');
const hotValue = fc.constantFrom('', 'a', 'bb', '\xff\xfe', 'd'.repeat(12), 'e'.repeat(30));
const value = fc.oneof(
  { weight: 8, arbitrary: hotValue },
  { weight: 1, arbitrary: fc.nat(40).map((number) => `value ${number}`) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((lines) => lines.flat());

const at = fc.nat(30);
const count = fc.oneof(fc.nat(5), fc.nat(400));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('send' as const), at, fields) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('section' as const), at) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('encoder stream' as const), count) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('decoder stream' as const), count) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('cancel' as const), at) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('capacity' as const), fc.nat(1000)) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(exchange: Exchange, [kind, number, lines]: Step | [Step[0], number, string[]?]): void {
  if (kind === 'send') exchange.send(number, lines ?? []);
  else if (kind === 'section') exchange.deliverSection(number);
  else if (kind === 'encoder stream') exchange.deliverEncoderStream(number);
  else if (kind === 'decoder stream') exchange.deliverDecoderStream(number);
  else if (kind === 'cancel') exchange.cancel(number);
  else exchange.setCapacity(number);
}

const setting = fc.record({
  ours: fc.constantFrom(0, 100, 300, 1000, 4096),
  peers: fc.constantFrom(0, 31, 100, 300, 1000, 4096),
  blockedStreams: fc.constantFrom(0, 1, 2, 100),
  streams: fc.constantFrom(1, 3, 31),
});

describe('an encoder and a decoder', () => {
  it('agree on every section, however their streams are delayed against one another', () => {
    fc.assert(
      fc.property(setting, fc.array(step, { maxLength: 400, size: 'max' }), (settings, steps) => {
        const exchange = new Exchange(settings);
        for (const each of steps) take(exchange, each);
        exchange.finish();
      }),
      { numRuns: 300 },
    );
  });

  it('agree over thousands of sections, after the Required Insert Count has wrapped around many times', () => {
    const exchange = new Exchange({ ours: 300, peers: 300, blockedStreams: 3, streams: 10 });
    for (let turn = 0; turn < 5000; turn++) {
      exchange.send(turn, ['server', `value ${turn % 13}`, 'via', `${turn % 7}`, 'user-agent', 'same']);
      if (turn % 3 > 0) exchange.deliverEncoderStream(50);
      exchange.deliverSection(turn - (turn % 4));
      if (turn % 2 > 0) exchange.deliverDecoderStream(20);
      if (turn % 10 === 9) for (let each = 0; each < 10; each++) exchange.deliverSection(each);
    }
    exchange.finish();
  });
});
