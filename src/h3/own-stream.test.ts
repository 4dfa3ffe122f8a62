import { expect, it } from 'vitest';
import { Code } from './codes.ts';
import { H3Error } from './errors.ts';
import { MAX_HELD_FOR_OWN_STREAM } from './limits.ts';
import { OwnStream } from './own-stream.ts';
import { RecordingQuic } from './recording-quic.fixture.ts';

it('what is written before the stream can be opened follows its type', () => {
  const quic = new RecordingQuic('client');
  quic.allowed.unidirectional = 0;
  const stream = new OwnStream(quic, 0x02);
  stream.open();
  stream.write(Buffer.of(7));
  expect(quic.writes).toEqual([]);
  quic.allowed.unidirectional = 1;
  stream.open();
  stream.open();
  expect(quic.written(2)).toEqual(Buffer.of(2, 7));
});

it('goes before all request streams', () => {
  const quic = new RecordingQuic('server');
  new OwnStream(quic, 0x02).open();
  expect(quic.ownPriorities).toEqual(['priority 3 0 false']);
});

it('has room while it is open and QUIC takes what is written', () => {
  const quic = new RecordingQuic('client');
  const stream = new OwnStream(quic, 0x02);
  expect(stream.hasRoom).toBe(false);
  stream.open();
  expect(stream.hasRoom).toBe(true);
  quic.room = false;
  stream.write(Buffer.of(1));
  expect(stream.hasRoom).toBe(false);
  stream.onDrain();
  expect(stream.hasRoom).toBe(true);
});

it('what QUIC has no room for waits, in order', () => {
  const quic = new RecordingQuic('client');
  const stream = new OwnStream(quic, 0x00);
  quic.room = false;
  stream.open();
  stream.write(Buffer.of(1));
  stream.write(Buffer.of(2));
  expect(quic.written(2)).toEqual(Buffer.of(0));
  stream.onDrain();
  expect(quic.written(2)).toEqual(Buffer.of(0, 1, 2));
});

it('a peer that takes nothing is given up with H3_EXCESSIVE_LOAD', () => {
  const quic = new RecordingQuic('client');
  quic.allowed.unidirectional = 0;
  const stream = new OwnStream(quic, 0x03);
  const write = () => stream.write(new Uint8Array(MAX_HELD_FOR_OWN_STREAM / 2));
  write();
  let error: unknown;
  try {
    write();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(H3Error);
  expect(error).toMatchObject({ scope: 'connection', code: Code.H3_EXCESSIVE_LOAD });
});
