import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Code, isKnownCode } from './codes.ts';
import { encodeFrame, FrameType } from './frames.ts';
import {
  controlStream,
  data,
  GET,
  harness,
  headers,
  OK,
  POST,
  readyClient,
  request,
} from './recording-quic.fixture.ts';

/** Bytes: of no meaning, or frames in any order, so that deeper states are reached, too. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          headers(GET),
          headers(POST),
          headers(OK),
          headers([':status', '103']),
          headers(['x', 'y']),
        ),
        fc.constantFrom(data('abc'), data(''), controlStream(), Buffer.of(2), Buffer.of(3), Buffer.of(0x40)),
        // A QPACK encoder stream with an entry, another entry, and heads that need one and two entries.
        fc.constantFrom(
          Buffer.of(2, 0x3f, 0x21, 0xc0, 0x01, 0x61),
          Buffer.of(0xc1, 0x01, 0x2f),
          encodeFrame(FrameType.HEADERS, Buffer.of(2, 0, 0xd1, 0xd7, 0xc1, 0x80)),
          encodeFrame(FrameType.HEADERS, Buffer.of(3, 0, 0xd1, 0xd7, 0xc1, 0x80)),
        ),
        fc
          .tuple(fc.constantFrom(...Object.values(FrameType), 0x02, 0x21), fc.uint8Array({ maxLength: 8 }))
          .map(([type, payload]) => encodeFrame(type, payload)),
      ),
      { maxLength: 5 },
    )
    .map((parts) => Buffer.concat(parts)),
);

const QPACK = { qpackMaxTableCapacity: 64, qpackBlockedStreams: 2 };

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('data' as const), id: fc.nat(12), bytes, fin: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('reset', 'stop', 'drain' as const), id: fc.nat(12) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('go away', 'pause', 'resume', 'answer', 'cancel' as const),
    }),
  },
);

it.each(['client', 'server'] as const)(
  '%s: any bytes and events end in a close with a known code, or in nothing',
  (role) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const peer = role === 'client' ? readyClient(QPACK) : harness('server', QPACK);
        const own = role === 'client' ? request(peer, POST, false) : undefined;
        const stream = () => own?.stream ?? peer.requests.at(-1)?.stream;
        const gone = new Set<number>();
        for (const action of steps) {
          if (action.kind === 'data') {
            // QUIC delivers nothing after the end of a stream.
            if (gone.has(action.id)) continue;
            if (action.fin) gone.add(action.id);
            peer.receive(action.id, action.bytes, action.fin);
          } else if (action.kind === 'reset') peer.reset(action.id, Code.H3_REQUEST_CANCELLED);
          else if (action.kind === 'stop') peer.stop(action.id, Code.H3_NO_ERROR);
          else if (action.kind === 'drain') peer.drain(action.id);
          else if (action.kind === 'go away') peer.session.goAway();
          else if (action.kind === 'pause') stream()?.pause();
          else if (action.kind === 'resume') stream()?.resume();
          else if (action.kind === 'answer') stream()?.sendHeaders(role === 'client' ? POST : OK, true);
          else stream()?.cancel(Code.H3_REQUEST_CANCELLED);
        }
        expect(peer.quic.closes.length).toBeLessThanOrEqual(1);
        for (const [code] of [
          ...peer.quic.closes.map(([c]) => [c]),
          ...peer.quic.resets.map(([, c]) => [c]),
        ]) {
          expect(isKnownCode(code as number)).toBe(true);
          expect(code).not.toBe(Code.H3_INTERNAL_ERROR);
        }
        for (const { events } of peer.requests) {
          expect(
            events.log.filter((line) => line === 'end' || line.startsWith('failed')).length,
          ).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 2000 },
    );
  },
);
