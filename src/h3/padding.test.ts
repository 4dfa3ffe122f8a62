import { expect, it } from 'vitest';
import { sendPadding } from './padding.ts';
import { RecordingQuic } from './recording-quic.fixture.ts';

it('is a stream of a reserved type, as long as it should be, that everything else goes before', () => {
  const quic = new RecordingQuic('client');
  sendPadding(quic, 150_000);
  const padding = quic.written(2);
  expect(Buffer.from(padding).equals(Buffer.concat([Buffer.of(0x21), Buffer.alloc(150_000)]))).toBe(true);
  expect(quic.writes.map(({ fin }) => fin)).toEqual([false, false, false, true]);
  expect(quic.ownPriorities).toEqual(['priority 2 7 true']);
});

it('ends where a piece ends', () => {
  const quic = new RecordingQuic('server');
  sendPadding(quic, 64 * 1024);
  expect(quic.writes.map(({ fin }) => fin)).toEqual([false, true]);
});

it('is left out when there is none, or the peer allows no stream for it', () => {
  const quic = new RecordingQuic('client');
  sendPadding(quic, 0);
  quic.allowed.unidirectional = 0;
  sendPadding(quic, 1000);
  expect(quic.writes).toEqual([]);
});
