import { describe, expect, it, vi } from 'vitest';
import { writeSectionAcknowledgment } from '../qpack/instructions.ts';
import { Writer } from '../qpack/writer.ts';
import type { StreamId } from '../quic/port.ts';
import { Code } from './codes.ts';
import { FrameType } from './frames.ts';
import {
  acknowledgment,
  cancellation,
  decoderStream,
  holdTime,
  INDEXED_GET,
  QPACK_OPTIONS,
  serverWithEncoder,
  toldAtOnce,
} from './qpack.fixture.ts';
import { concat, GET, type Harness, harness, OK, request } from './recording-quic.fixture.ts';
import { frame } from './rules.fixture.ts';
import { encodeSettings } from './settings.ts';

const { HEADERS } = FrameType;

/** A client whose server offers a table. Its own encoder stream is 6. */
function clientWithTable(options: object = {}): Harness {
  const client = harness('client', { ...QPACK_OPTIONS, ...options });
  const settings = { ...QPACK_OPTIONS, maxFieldSectionSize: 65_536, enableConnectProtocol: true };
  client.receive(3, concat(Buffer.of(0), encodeSettings(settings)));
  return client;
}

const textOn = (client: Harness, id: StreamId) => Buffer.from(client.quic.written(id)).toString('latin1');

holdTime();

describe('our encoder', () => {
  it('uses what the peer offers, as soon as it does', () => {
    expect(clientWithTable().quic.written(6)).toEqual(Buffer.of(2, 0x3f, 0xe1, 0x1f));
  });

  it('uses no more than we offer', () => {
    expect(clientWithTable({ qpackMaxTableCapacity: 1 }).quic.written(6)).toEqual(Buffer.of(2, 0x21));
  });

  it('writes instructions ahead of the section that needs them', () => {
    const client = clientWithTable();
    client.quic.writes.length = 0;
    request(client, INDEXED_GET);
    expect(client.quic.writes.map(({ id }) => id)).toEqual([6, 0]);
  });

  it.each([
    ['authorization', []],
    ['x-session', ['x-session']],
    [':path', [':path']],
  ])('keeps %s out of the table, however often it comes', (name, qpackNeverIndexed) => {
    const client = clientWithTable({ qpackNeverIndexed });
    const fields = name === ':path' ? [...GET.slice(0, 6), name, '/XXXX'] : [...GET, name, '/XXXX'];
    for (let count = 0; count < 5; count++) request(client, fields);
    expect(textOn(client, 0)).toContain('/XXXX');
    expect(textOn(client, 16)).toContain('/XXXX');
    expect(textOn(client, 6)).not.toContain('/XXXX');
  });

  it('inserts nothing while its stream has no room, and goes on when it has', () => {
    const client = clientWithTable();
    client.quic.room = false;
    request(client, INDEXED_GET);
    const before = client.quic.written(6).length;
    request(client, [...GET, 'accept', 'a']);
    expect(client.quic.written(6)).toHaveLength(before);
    expect(client.quic.written(4)).toEqual(
      concat(frame(HEADERS, 0, 0, 0xd1, 0xd7, 0x50, 1, 0x61, 0xc1, 0x5f, 0x0e, 1, 0x61)),
    );
    client.drain(6);
    request(client, [...GET, 'accept', 'a']);
    expect(client.quic.written(6).length).toBeGreaterThan(before);
  });
});

describe('what our decoder has to tell', () => {
  /** A server that has told of all that it knows, and its client's encoder. */
  function settled() {
    const { server, encoder } = serverWithEncoder();
    encoder.insertLinesOf(INDEXED_GET);
    const told = (): number[] => toldAtOnce(server).slice(1);
    expect(toldAtOnce(server)).toHaveLength(1);
    let next = 0;
    const receive = (count: number): void => {
      for (const end = next + 4 * count; next < end; next += 4) {
        server.receive(next, encoder.headers(next, INDEXED_GET), true);
      }
    };
    return { server, encoder, told, receive };
  }

  /** Of the first requests. */
  function acknowledgments(count: number): Buffer {
    const writer = new Writer();
    for (let n = 0; n < count; n++) writeSectionAcknowledgment(writer, 4 * n);
    return Buffer.from(writer.take());
  }

  it('is told at once where the encoder learns of inserts', () => {
    const { server, encoder, told } = settled();
    encoder.insertLinesOf(['accept', 'new']);
    expect(told()).toEqual([1]);
    server.receive(0, encoder.headers(0, [...INDEXED_GET, 'accept', 'newer']), true);
    encoder.deliver();
    expect(told()).toEqual([1, acknowledgment(0)]);
  });

  it('is collected where references are given back, for a tenth of a second', () => {
    const { told, receive } = settled();
    receive(3);
    vi.advanceTimersByTime(99);
    expect(told()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told()).toEqual([0, 4, 8].map(acknowledgment));
    vi.advanceTimersByTime(1000);
    expect(told()).toHaveLength(3);
  });

  it('is told when sixty-four have come together, and the next wait as long as the first did', () => {
    const { told, receive } = settled();
    vi.advanceTimersByTime(50);
    receive(63);
    expect(told()).toEqual([]);
    vi.advanceTimersByTime(99);
    receive(1);
    const whole = told().length;
    expect(Buffer.from(told())).toEqual(acknowledgments(64));
    receive(1);
    vi.advanceTimersByTime(99);
    expect(told()).toHaveLength(whole);
    vi.advanceTimersByTime(1);
    expect(told().length).toBeGreaterThan(whole);
  });

  it('is not told to whom the connection is over', () => {
    const { server, told, receive } = settled();
    receive(1);
    server.session.close(Code.H3_NO_ERROR, 'over');
    server.receive(8, Buffer.of());
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([]);
  });

  it('closes the connection when it cannot be told', () => {
    const { server, receive } = settled();
    receive(1);
    server.quic.write = () => {
      throw new Error('a fault');
    };
    vi.advanceTimersByTime(100);
    expect(server.quic.closes).toEqual([[Code.H3_INTERNAL_ERROR, 'internal error: Error: a fault']]);
  });
});

describe('the streams that we do not take', () => {
  it('are cancelled for QPACK, too', () => {
    const { server, encoder } = serverWithEncoder();
    server.session.goAway();
    server.receive(0, encoder.headers(0, INDEXED_GET));
    expect(decoderStream(server)).toEqual([cancellation(0)]);
  });

  it('because their head is over the limits, are cancelled after the head was acknowledged', () => {
    const { server, encoder } = serverWithEncoder({ maxFieldSectionSize: 250 });
    const head = encoder.headers(0, INDEXED_GET);
    encoder.deliver();
    server.receive(0, head);
    expect(server.quic.resets).toEqual([]);
    const large = encoder.headers(4, [...INDEXED_GET, 'x', 'y'.repeat(20)]);
    encoder.deliver();
    server.receive(4, large);
    expect(server.quic.resets).toEqual([[4, Code.H3_EXCESSIVE_LOAD]]);
    expect(decoderStream(server).slice(-2)).toEqual([0x84, cancellation(4)]);
  });
});

describe('QPACK streams and sections that break a rule close the connection', () => {
  const CAPACITY_64 = [0x3f, 0x21];
  // Static name :authority, empty value: 42 bytes of table.
  const INSERT = [0xc0, 0x00];
  const encoderStream = (...instructions: number[][]): [StreamId, Uint8Array] => [
    6,
    Buffer.of(2, ...instructions.flat()),
  ];
  const section = (...bytes: number[]): [StreamId, Uint8Array] => [0, frame(HEADERS, ...bytes)];

  it.each<[string, number, [StreamId, Uint8Array][]]>([
    ['capacity over the limit', 0x201, [encoderStream([0x3f, 0xe2, 0x1f])]],
    ['an entry without capacity', 0x201, [encoderStream(INSERT)]],
    ['an entry over the capacity', 0x201, [encoderStream([0x2a], [0xc0, 0x01, 0x61])]],
    ['a copy of no entry', 0x201, [encoderStream(CAPACITY_64, [0x00])]],
    [
      'the name of an entry that was evicted',
      0x201,
      [encoderStream(CAPACITY_64, INSERT, INSERT, [0x81, 0x00])],
    ],
    ['a name with a static index over 98', 0x201, [encoderStream(CAPACITY_64, [0xff, 0x24, 0x00])]],
    ['a Huffman code that is none', 0x201, [encoderStream(CAPACITY_64, [0xc0, 0x81, 0x00])]],
    ['a Required Insert Count over what the table can reach', 0x200, [section(0xff, 0xff, 0x01, 0x00)]],
    ['a Base before the first entry', 0x200, [encoderStream(CAPACITY_64, INSERT), section(0x02, 0x81, 0x80)]],
    [
      'an entry at or over Required Insert Count',
      0x200,
      [encoderStream(CAPACITY_64, INSERT), section(0x00, 0x00, 0x10)],
    ],
    [
      'an entry that was evicted',
      0x200,
      [encoderStream(CAPACITY_64, INSERT, INSERT), section(0x03, 0x00, 0x81)],
    ],
    ['an increment over what was inserted', 0x202, [[6, Buffer.of(3, 0x01)]]],
    ['an acknowledgment of a section that refers to nothing', 0x202, [[6, Buffer.of(3, 0x80)]]],
  ])('%s', (_rule, code, steps) => {
    const whole = harness('server', QPACK_OPTIONS);
    const bytewise = harness('server', QPACK_OPTIONS);
    for (const [id, bytes] of steps) {
      whole.receive(id, bytes);
      for (const byte of bytes) bytewise.receive(id, Buffer.of(byte));
    }
    for (const { quic, requests } of [whole, bytewise]) {
      expect(quic.closes.map(([closeCode]) => closeCode)).toEqual([code]);
      expect(requests).toEqual([]);
    }
  });

  it('of one stream after it was blocked, too', () => {
    const { server, encoder } = serverWithEncoder();
    const head = Buffer.from(encoder.headers(0, INDEXED_GET));
    // A reference to the entry after the last one that the section may use.
    server.receive(0, concat(frame(HEADERS, ...head.subarray(2, 4), 0x10)));
    encoder.deliver();
    expect(server.quic.closes.map(([code]) => code)).toEqual([0x200]);
  });
});

describe('a peer without a table of its own', () => {
  it('gets sections that refer to none', () => {
    const client = harness('client', QPACK_OPTIONS);
    client.receive(3, concat(Buffer.of(0), frame(FrameType.SETTINGS)));
    const { events } = request(client, INDEXED_GET);
    expect(textOn(client, 6)).toBe('\x02');
    expect([...client.quic.written(0).subarray(2, 4)]).toEqual([0, 0]);
    client.receive(0, frame(HEADERS, 0, 0, 0xd9), true);
    expect(events.log).toEqual([`headers ${OK[1]}`, 'end']);
  });
});
