import { describe, expect, it } from 'vitest';
import { makeLasting } from '../bytes/lasting.ts';
import { noQpackCounts } from './counters.ts';
import { QpackEncoder } from './encoder.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const toHex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

/** An encoder whose peer allows `capacity` bytes and `blockedStreams`. */
function encoderOf(
  capacity = 4096,
  blockedStreams = 100,
  neverIndexed: readonly string[] = [],
): QpackEncoder {
  const encoder = new QpackEncoder({ maxTableCapacity: capacity, neverIndexed });
  encoder.applyPeerSettings(capacity, blockedStreams);
  encoder.takeEncoderStreamBytes();
  return encoder;
}

/** Encodes a section; gives it, and what went to the encoder stream. */
function encode(encoder: QpackEncoder, streamId: number, ...fields: string[]) {
  return encodeArray(encoder, streamId, fields);
}

function encodeArray(encoder: QpackEncoder, streamId: number, fields: readonly string[]) {
  const section = encoder.encode(streamId, fields);
  return { section: toHex(section), inserts: toHex(encoder.takeEncoderStreamBytes()) };
}

describe('table capacity (RFC 9204 §3.2.3, §4.3.1)', () => {
  it.each([
    [4096, 16_384, '3fe11f'],
    [16_384, 4096, '3fe11f'],
  ])('is the smaller of ours (%i) and the peer’s (%i)', (ours, peers, instruction) => {
    const encoder = new QpackEncoder({ maxTableCapacity: ours, neverIndexed: [] });
    expect(encoder.takeEncoderStreamBytes()).toBeUndefined();
    encoder.applyPeerSettings(peers, 100);
    expect(toHex(encoder.takeEncoderStreamBytes())).toBe(instruction);
  });

  it.each([
    [0, 4096],
    [4096, 0],
  ])('is 0, and nothing is said, when ours is %i and the peer’s %i', (ours, peers) => {
    const encoder = new QpackEncoder({ maxTableCapacity: ours, neverIndexed: [] });
    encoder.applyPeerSettings(peers, 100);
    expect(encode(encoder, 0, 'user-agent', '&')).toEqual({ section: '00005f50' + '0126', inserts: '' });
  });

  it('changes only when no entry goes that the decoder may need', () => {
    const encoder = encoderOf();
    encode(encoder, 0, 'user-agent', '&');
    expect(encoder.setCapacity(0)).toBe(false);
    encoder.receiveDecoderStream(hex('80'));
    expect(encoder.setCapacity(0)).toBe(true);
    expect(toHex(encoder.takeEncoderStreamBytes())).toBe('20');
    expect(encode(encoder, 4, 'user-agent', '&')).toEqual({ section: '00005f50' + '0126', inserts: '' });
    expect(encoder.setCapacity(100_000)).toBe(true);
    expect(toHex(encoder.takeEncoderStreamBytes())).toBe('3fe11f');
  });
});

describe('indexing', () => {
  it('puts a field that repeats into the table at once, by the name of the static table', () => {
    expect(encode(encoderOf(), 0, 'user-agent', '&')).toEqual({
      section: '0200' + '80',
      inserts: 'ff20' + '0126',
    });
  });

  it('puts any other field there when it comes a second time', () => {
    const encoder = encoderOf();
    expect(encode(encoder, 0, '&', '*')).toEqual({ section: '0000' + '2126' + '012a', inserts: '' });
    expect(encode(encoder, 4, '&', '*')).toEqual({ section: '0200' + '80', inserts: '4126' + '012a' });
    expect(encode(encoder, 8, '&', '*')).toEqual({ section: '0200' + '80', inserts: '' });
  });

  it('puts a volatile field there when it comes a third time', () => {
    const encoder = encoderOf();
    const inserts = [0, 4, 8].map((id) => encode(encoder, id, 'etag', '&').inserts);
    expect(inserts).toEqual(['', '', 'c7' + '0126']);
  });

  it('never puts Content-Length there', () => {
    const encoder = encoderOf();
    const inserts = [0, 4, 8, 12].map((id) => encode(encoder, id, 'content-length', '&').inserts);
    expect(inserts).toEqual(['', '', '', '']);
  });

  it('refers by the name of an entry of its own', () => {
    const encoder = encoderOf();
    for (const id of [0, 4]) encode(encoder, id, '&', '*');
    expect(encode(encoder, 8, '&', '&')).toEqual({ section: '0200' + '4001' + '26', inserts: '' });
    expect(encode(encoder, 12, '&', '&')).toEqual({ section: '0300' + '80', inserts: '80' + '0126' });
  });

  it('puts a name there, without value, when it comes again with another value', () => {
    const encoder = encoderOf();
    expect(encode(encoder, 0, '&', '1').inserts).toBe('');
    expect(encode(encoder, 4, '&', '2')).toEqual({ section: '0200' + '4001' + '32', inserts: '4126' + '00' });
  });

  it('writes a line as a literal that would take more than a quarter of the table', () => {
    const encoder = encoderOf(256);
    expect(encode(encoder, 0, 'server', '\xff'.repeat(100)).inserts).toBe('');
    expect(encode(encoder, 4, 'server', '\xff'.repeat(50)).inserts).not.toBe('');
  });

  it('refuses a character that is no byte, and is as it was before', () => {
    const encoder = encoderOf();
    expect(() => encoder.encode(0, ['user-agent', '&', 'server', '\u010a'])).toThrow(RangeError);
    expect(() => encoder.encode(0, ['user-agent', '&', 'content-length', '\u010a'])).toThrow(RangeError);
    expect(encode(encoder, 4, 'user-agent', '&')).toEqual({
      section: '0200' + '80',
      inserts: 'ff20' + '0126',
    });
    encoder.receiveDecoderStream(hex('84'));
    // No reference of the refused sections is left.
    expect(encoder.setCapacity(0)).toBe(true);
  });
});

describe('secrets (RFC 9204 §7.1.3)', () => {
  it.each([
    ['authorization', '7f45'],
    ['cookie', '75'],
    ['set-cookie', '7e'],
  ])('are never indexed, however often they come: %s', (name, reference) => {
    const encoder = encoderOf();
    for (const id of [0, 4, 8, 12]) {
      expect(encode(encoder, id, name, '&')).toEqual({ section: `0000${reference}0126`, inserts: '' });
    }
  });

  it.each(['proxy-authorization', 'x-tenant-key'])(
    'are sent with the name alone from the table: %s',
    (name) => {
      const encoder = encoderOf(4096, 100, ['x-tenant-key']);
      const inserts = [0, 4].map((id) => encode(encoder, id, name, '&').inserts);
      expect(inserts[0]).toBe('');
      expect(inserts[1]?.slice(-2)).toBe('00');
      expect(encode(encoder, 8, name, '&')).toEqual({ section: '0200' + '6001' + '26', inserts: '' });
    },
  );
});

describe('streams that could block (RFC 9204 §2.1.2)', () => {
  it('are none when the peer allows none: a new entry is used once it is acknowledged', () => {
    const encoder = encoderOf(4096, 0);
    const literal = '0000' + '5f50' + '0126';
    expect(encode(encoder, 0, 'user-agent', '&')).toEqual({ section: literal, inserts: 'ff20' + '0126' });
    expect(encode(encoder, 4, 'user-agent', '&')).toEqual({ section: literal, inserts: '' });
    encoder.receiveDecoderStream(hex('01'));
    expect(encode(encoder, 8, 'user-agent', '&')).toEqual({ section: '0200' + '80', inserts: '' });
  });

  it('are as many as the peer allows, until acknowledged, cancelled or known to have the entry', () => {
    const encoder = encoderOf(4096, 2);
    const refers = (streamId: number) => encode(encoder, streamId, 'user-agent', '&').section === '020080';
    expect([refers(0), refers(4), refers(8)]).toEqual([true, true, false]);
    // A stream that may block already may do so again.
    expect(refers(4)).toBe(true);
    encoder.receiveDecoderStream(hex('44'));
    expect([refers(8), refers(12)]).toEqual([true, false]);
    encoder.receiveDecoderStream(hex('01'));
    expect([refers(12), refers(16), refers(20)]).toEqual([true, true, true]);
  });

  it('count no more once a section told that the decoder has the entry', () => {
    const encoder = encoderOf(4096, 1);
    expect(encode(encoder, 0, 'user-agent', '&').section).toBe('020080');
    encoder.receiveDecoderStream(hex('80'));
    expect(encode(encoder, 4, 'server', '&').section).toBe('030080');
  });

  it('are not referred to after they are cancelled, as nothing would give the reference back', () => {
    const encoder = encoderOf();
    encode(encoder, 0, 'user-agent', '&');
    encoder.receiveDecoderStream(hex('01 40'));
    expect(encode(encoder, 0, 'user-agent', '&').section).toBe('0000' + '5f50' + '0126');
    expect(encoder.setCapacity(0)).toBe(true);
  });
});

describe('without room on the encoder stream (RFC 9204 §2.1.3)', () => {
  it('inserts nothing', () => {
    const encoder = encoderOf();
    expect(toHex(encoder.encode(0, ['user-agent', '&'], false))).toBe('00005f50' + '0126');
    expect(encoder.takeEncoderStreamBytes()).toBeUndefined();
  });

  it('refers to what is acknowledged, and to nothing else', () => {
    const encoder = encoderOf();
    encode(encoder, 0, 'user-agent', '&');
    encoder.receiveDecoderStream(hex('80'));
    encode(encoder, 4, 'accept', '&');
    const section = encoder.encode(8, ['user-agent', '&', 'accept', '&'], false);
    expect(toHex(section)).toBe('0200' + '80' + '5f0e' + '0126');
  });
});

describe('eviction (RFC 9204 §2.1.1)', () => {
  // Of 64 bytes each: four fill a table of 256.
  const line = (letter: string): [string, string] => ['server', letter.repeat(26)];
  const full = () => {
    const encoder = encoderOf(256);
    for (const letter of ['a', 'b', 'c', 'd']) encode(encoder, 0, ...line(letter));
    return encoder;
  };

  it('spares entries that the decoder is not known to have', () => {
    const encoder = full();
    encoder.receiveDecoderStream(hex('40'));
    expect(encode(encoder, 4, ...line('e')).inserts).toBe('');
    encoder.receiveDecoderStream(hex('01'));
    expect(encode(encoder, 8, ...line('e')).inserts).not.toBe('');
    expect(encode(encoder, 12, ...line('f')).inserts).toBe('');
  });

  it('spares entries that an unacknowledged section refers to', () => {
    const encoder = full();
    encoder.receiveDecoderStream(hex('04'));
    expect(encode(encoder, 4, ...line('e')).inserts).toBe('');
    // The first section, which refers to the first entry.
    encoder.receiveDecoderStream(hex('80'));
    expect(encode(encoder, 8, ...line('e')).inserts).not.toBe('');
    expect(encode(encoder, 12, ...line('f')).inserts).toBe('');
  });

  it('duplicates an entry that is in use before it goes', () => {
    const encoder = full();
    encoder.receiveDecoderStream(hex('04 80 80 80 80'));
    // The oldest: relative index 3.
    expect(encode(encoder, 4, ...line('a'))).toEqual({ section: '0600' + '80', inserts: '03' });
    // Its place is the newest now; the next oldest goes.
    expect(encode(encoder, 8, ...line('e')).inserts).not.toBe('');
    expect(encode(encoder, 12, ...line('a'))).toEqual({ section: '0600' + '80', inserts: '' });
  });

  it('refers to the original while the duplicate is on its way and no stream may block', () => {
    const encoder = encoderOf(1024, 0);
    for (const letter of 'abcdefghijklmnop') encode(encoder, 0, ...line(letter));
    encoder.receiveDecoderStream(hex('10'));
    // The table is full; 'b' is in its last eighth, and 'a' makes room.
    expect(encode(encoder, 4, ...line('b'))).toEqual({ section: '0300' + '80', inserts: '0e' });
    encoder.receiveDecoderStream(hex('01'));
    expect(encode(encoder, 8, ...line('b'))).toEqual({ section: '1200' + '80', inserts: '' });
  });
});

describe('an entry evicted for its own duplicate', () => {
  it('is not referred to any more: the line is a literal until the duplicate is acknowledged', () => {
    const encoder = encoderOf(256, 0);
    const line = (letter: string) => ['server', letter.repeat(26)];
    for (const letter of 'abcd') encode(encoder, 0, ...line(letter));
    encoder.receiveDecoderStream(hex('04'));
    const { section, inserts } = encode(encoder, 4, ...line('a'));
    expect(inserts).toBe('03');
    expect(section.slice(0, 8)).toBe('00005f4d');
    encoder.receiveDecoderStream(hex('01'));
    expect(encode(encoder, 8, ...line('a'))).toEqual({ section: '0600' + '80', inserts: '' });
  });
});

describe('counters', () => {
  it('tell lines that stood in a table from those that did not, and bytes before and after', () => {
    const counters = noQpackCounts();
    const encoder = new QpackEncoder({ maxTableCapacity: 4096, neverIndexed: [], counters });
    encoder.applyPeerSettings(4096, 0);
    let bytes = 0;
    const take = () => {
      bytes += encoder.takeEncoderStreamBytes()?.length ?? 0;
    };
    take();
    bytes += encoder.encode(0, [':method', 'GET', 'authorization', 'secret']).length;
    take();
    expect(counters).toEqual({ lines: 2, indexedLines: 1, plainBytes: 29, encodedBytes: bytes });
  });
});

describe('a lasting section', () => {
  const lasting = (...lines: string[]) => {
    makeLasting(lines);
    return lines;
  };

  it('is written as before, with its references counted each time', () => {
    const encoder = encoderOf();
    const fields = lasting(':status', '200', 'user-agent', '&');
    const { section, inserts } = encodeArray(encoder, 0, fields);
    expect([section, inserts]).toEqual(['0200' + 'd9' + '80', 'ff20' + '0126']);
    expect(encodeArray(encoder, 4, fields)).toEqual({ section, inserts: '' });
    encoder.receiveDecoderStream(hex('80'));
    expect(encoder.setCapacity(0)).toBe(false);
    encoder.receiveDecoderStream(hex('84'));
    expect(encoder.setCapacity(0)).toBe(true);
  });

  it('is gone through again when an entry has been evicted', () => {
    const encoder = encoderOf(150);
    const fields = lasting('user-agent', '&');
    encodeArray(encoder, 0, fields);
    encoder.receiveDecoderStream(hex('80'));
    for (const [at, value] of ['1', '2', '3'].entries()) {
      encode(encoder, 4 * at, 'user-agent', value);
      encoder.receiveDecoderStream(Buffer.from([0x80 + 4 * at]));
    }
    expect(encodeArray(encoder, 16, fields).inserts).toBe('ff20' + '0126');
  });

  it('is not kept while a line is a literal, which is indexed when it comes again', () => {
    const encoder = encoderOf();
    const fields = lasting('&', '*');
    const inserts = [0, 4, 8].map((id) => encodeArray(encoder, id, fields).inserts);
    expect(inserts).toEqual(['', '4126' + '012a', '']);
  });

  it('is written without what the decoder may not have while the encoder stream has no room', () => {
    const encoder = encoderOf();
    const fields = lasting('user-agent', '&');
    encodeArray(encoder, 0, fields);
    expect(toHex(encoder.encode(4, fields, false))).toBe('0000' + '5f50' + '0126');
  });

  it('adds to the counters each time that it is sent', () => {
    const counters = noQpackCounts();
    const encoder = new QpackEncoder({ maxTableCapacity: 0, neverIndexed: [], counters });
    const fields = lasting(':method', 'GET', ':path', '/');
    for (const id of [0, 4, 8]) encoder.encode(id, fields);
    expect(counters).toEqual({ lines: 6, indexedLines: 6, plainBytes: 48, encodedBytes: 12 });
  });

  it('is another one than an array that may change', () => {
    const encoder = encoderOf();
    const fields = [':method', 'GET'];
    expect(encodeArray(encoder, 0, fields).section).toBe('0000d1');
    fields[1] = 'PUT';
    expect(encodeArray(encoder, 4, fields).section).toBe('0000d5');
  });
});
