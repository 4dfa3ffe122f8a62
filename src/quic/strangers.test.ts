import { describe, expect, it } from 'vitest';
import { Gate } from './gate.ts';
import { QuicMeter } from './meter.ts';
import { connectionKey, parseLongHeader, shortHeaderKey } from './packet.ts';
import { StatelessResets } from './stateless-reset.ts';
import { Strangers } from './strangers.ts';

const FROM = { host: '192.0.2.1', port: 4433 };
const ID = Buffer.alloc(16, 5);
const KEY = Buffer.from('a private key');

function setUp() {
  const meter = new QuicMeter();
  const sent: Buffer[] = [];
  const warnings: string[] = [];
  const logger = { debug: () => {}, info: () => {}, warn: (_: object, text: string) => warnings.push(text) };
  const resets = new StatelessResets(KEY, 20010);
  const gate = new Gate(undefined);
  const strangers = new Strangers(
    gate,
    resets,
    meter,
    logger,
    () => 0,
    (datagram) => sent.push(datagram),
  );
  const short = (length: number, id = ID): void => {
    const datagram = Buffer.concat([Buffer.of(0x41), id, Buffer.alloc(length)]).subarray(0, length);
    strangers.short(datagram, shortHeaderKey(datagram), FROM, 0);
  };
  const long = (version: number, length: number): void => {
    const datagram = Buffer.alloc(length);
    datagram[0] = 0xc0;
    datagram.writeUInt32BE(version, 1);
    datagram[5] = 8;
    const header = parseLongHeader(datagram);
    if (header !== undefined) strangers.long(datagram, header, FROM, 0);
  };
  return { meter, sent, warnings, strangers, short, long };
}

describe('a datagram for an unknown connection', () => {
  it.each([17, 21, 22, 30, 43, 44, 1350])('of %i bytes is answered with less, or not at all', (length) => {
    const { sent, short } = setUp();
    short(length);
    if (length < 22) expect(sent).toEqual([]);
    else expect(sent.map((answer) => answer.length)).toEqual([Math.min(length - 1, 43)]);
    expect((sent[0]?.[0] ?? 0x40) & 0xc0).toBe(0x40);
  });

  it('is answered with a token that depends on the connection, the key and the port alone', () => {
    const token = (id: Buffer, key = KEY, port = 20010): string | undefined =>
      new StatelessResets(key, port).answer(Buffer.alloc(100), id)?.subarray(-16).toString('hex');
    expect(token(ID)).toBe(token(ID));
    const others = [token(Buffer.alloc(16)), token(ID, Buffer.from('other')), token(ID, KEY, 20011)];
    expect(new Set([token(ID), ...others]).size).toBe(4);
  });

  it('is nothing to warn about when the connection was there a moment ago', () => {
    const { meter, warnings, strangers, short } = setUp();
    strangers.closed(connectionKey(ID), 0);
    short(50);
    expect([meter.drops.closed_connection, meter.drops.unknown_connection, warnings]).toEqual([1, 0, []]);
    short(50, Buffer.alloc(16, 6));
    expect([meter.drops.unknown_connection, warnings.length]).toEqual([1, 1]);
  });
});

describe('an unknown version', () => {
  it('is answered when the datagram is large enough, with less than came', () => {
    const { meter, sent, long } = setUp();
    long(0xfaceb00c, 1199);
    expect(sent).toEqual([]);
    long(0xfaceb00c, 1200);
    expect(sent.map((answer) => answer.length)).toEqual([19]);
    expect([meter.drops.not_quic, meter.drops.version]).toEqual([1, 1]);
  });

  it('is never answered when it is version negotiation itself', () => {
    const { sent, long } = setUp();
    long(0, 1200);
    expect(sent).toEqual([]);
  });
});

it('answers fifty times at once, and then no faster than a hundred times a second', () => {
  const { meter, sent, short, long } = setUp();
  for (let count = 0; count < 100; count++) {
    short(50);
    long(2, 1200);
  }
  expect(sent.length).toBe(50);
  expect([meter.drops.unknown_connection, meter.drops.version]).toEqual([100, 100]);
});
