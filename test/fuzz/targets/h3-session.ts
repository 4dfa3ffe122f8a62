import { Code } from '../../../src/h3/codes.ts';
import { fieldValue } from '../../../src/h3/field-lines.ts';
import { encodeFrame, encodeIntegerFrame, FrameType } from '../../../src/h3/frames.ts';
import type { SessionOptions } from '../../../src/h3/options.ts';
import { encodeSettings } from '../../../src/h3/settings.ts';
import { QpackEncoder } from '../../../src/qpack/encoder.ts';
import { ACTIONS, End } from '../h3/end.ts';
import { checkMessage } from '../h3/message.ts';
import type { Wire } from '../h3/quic.ts';
import { Input } from '../input.ts';
import { bytesOf, check, type Target } from '../target.ts';

const NOWHERE: Wire = { write() {}, reset() {}, stop() {}, close() {} };

const OPTIONS: SessionOptions = {
  maxFieldSectionSize: 600,
  maxFieldCount: 20,
  qpackMaxTableCapacity: 128,
  qpackBlockedStreams: 2,
  qpackNeverIndexed: [],
  now: () => 0,
};

const headers = (...fields: string[]): Uint8Array =>
  encodeFrame(FrameType.HEADERS, new QpackEncoder().encode(0, fields));
const data = (text: string): Uint8Array => encodeFrame(FrameType.DATA, bytesOf(text));
const settings = (qpackMaxTableCapacity: number, maxFieldSectionSize: number): Uint8Array =>
  encodeSettings({
    maxFieldSectionSize,
    qpackMaxTableCapacity,
    qpackBlockedStreams: 1,
    enableConnectProtocol: true,
  });

const TARGET = [':scheme', 'http', ':authority', 'a', ':path', '/'];

/** What a peer may send: of each thing one, and some that are wrong. An input names them by their place here. */
const PIECES: readonly Uint8Array[] = [
  Buffer.concat([Uint8Array.of(0), settings(0, 4096)]),
  Buffer.concat([Uint8Array.of(0), settings(256, 64)]),
  Uint8Array.of(2),
  Uint8Array.of(3),
  headers(':method', 'GET', ...TARGET),
  headers(':method', 'POST', ...TARGET, 'content-length', '6'),
  headers(':method', 'CONNECT', ':protocol', 'websocket', ...TARGET),
  headers(':status', '200'),
  headers(':status', '200', 'content-length', '6'),
  headers(':status', '204', 'content-length', '6'),
  headers(':status', '103'),
  data('abc'),
  data('defghi'),
  data(''),
  headers('x-checksum', '1'),
  encodeIntegerFrame(FrameType.GOAWAY, 4),
  encodeIntegerFrame(FrameType.GOAWAY, 0),
  encodeIntegerFrame(FrameType.MAX_PUSH_ID, 3),
  encodeFrame(0x21, bytesOf('reserved')),
  // Capacity 128 and an entry, another entry, a duplicate, and heads that need one and two entries.
  Uint8Array.of(0x3f, 0x61, 0xc0, 0x01, 0x61),
  Uint8Array.of(0xc1, 0x01, 0x2f),
  Uint8Array.of(0x00),
  encodeFrame(FrameType.HEADERS, Uint8Array.of(2, 0, 0xd1, 0xd7, 0xc1, 0x80)),
  encodeFrame(FrameType.HEADERS, Uint8Array.of(3, 0, 0xd1, 0xd7, 0xc1, 0x80)),
  // On the decoder stream: an acknowledgment, a cancellation, an increment.
  Uint8Array.of(0x80),
  Uint8Array.of(0x44),
  Uint8Array.of(0x01),
  Uint8Array.of(0x2f, 0x05),
  encodeFrame(FrameType.HEADERS, new Uint8Array(700)),
  headers(':method', 'GET', ...TARGET, 'x-long', 'v'.repeat(560)),
  Uint8Array.of(FrameType.DATA, 0x40, 0x10),
  settings(0, 4096),
];

const STREAMS = { client: [0, 4, 8, 3, 7, 11, 15, 1], server: [0, 4, 8, 2, 6, 10, 14, 12] };
const HAPPENINGS = ['interim', 'headers', 'data', 'trailers', 'end', 'drain', 'stopped', 'failed'] as const;
const CODES = [Code.H3_NO_ERROR, Code.H3_REQUEST_CANCELLED, Code.H3_REQUEST_REJECTED, 0];

// Steps of an input: 0 a piece, 1 the last piece of a stream, 2 bytes, 3 the end alone, 4 reset, 5 stop, …
const piece = (stream: number, which: number, last = 0): readonly number[] => [last, stream, which, 255];
const CONTROL = [...piece(3, 0), ...piece(4, 2), ...piece(5, 3)];
const TABLE = [...piece(4, 19), ...piece(4, 20)];

/**
 * HTTP/3 with a peer that sends anything, at either end, with resets, stops, drains, pauses and the end of the
 * connection at any moment: every request has one end, nothing comes behind it, and no message is told to be complete
 * that is not.
 */
export const h3Session: Target = {
  name: 'h3-session',
  maxLength: 240,
  seeds: [
    [0, ...CONTROL, ...piece(0, 4), ...piece(0, 14, 1), 8, 0, 11, 0, 12],
    [0, ...CONTROL, ...TABLE, ...piece(0, 23), ...piece(0, 12), 8, 0, 0, 0, 8, 0, 1, 9, 3, 0],
    [0, ...CONTROL, ...piece(0, 5), ...piece(0, 11), ...piece(0, 11, 1), 10, 2, 8, 12, 8, 0, 9, 0],
    [1, ...CONTROL, 7, 0, 7, 1, ...piece(0, 10), ...piece(0, 8), ...piece(0, 12, 1), ...piece(1, 9, 1)],
    [
      1,
      ...CONTROL,
      7,
      1,
      8,
      0,
      1,
      40,
      8,
      0,
      4,
      0,
      ...piece(0, 23),
      ...TABLE,
      ...piece(0, 11),
      ...piece(3, 15),
    ],
    [1, 7, 0, ...CONTROL, 7, 2, 4, 0, 2, 5, 1, 0, 11, 1, 13, 0],
  ].map((steps) => Uint8Array.from(steps)),
  dictionary: [
    CONTROL,
    TABLE,
    piece(0, 4),
    piece(0, 11),
    piece(0, 14, 1),
    [7, 1],
    [8, 0, 8, 0],
    [8, 0, 9, 0],
    [12],
  ].map((steps) => Uint8Array.from(steps)),
  async run(bytes, trace) {
    const input = new Input(bytes);
    const role = input.below(2) === 0 ? 'server' : 'client';
    const end = new End(role, OPTIONS, NOWHERE, trace);
    // It may be anything.
    end.peerLimit = 0;
    end.start();
    while (!input.done) {
      if (step(input, end)) await turn();
      for (const id of STREAMS[role]) end.quic.deliver(id, Number.POSITIVE_INFINITY);
    }
    await turn();
    end.checkRules();
    end.quic.end('remote', Code.H3_NO_ERROR);
    await turn();
    end.checkOver();
    checkMessages(end);
    trace.hit(end.quic.closes[0] ?? 0);
  },
};

// Everything that waits for a turn of its own has it: what a turn leads to may wait for the next.
async function turn(): Promise<void> {
  for (let left = 4; left > 0; left--) await undefined;
}

// Does one thing; true: and lets a turn go by.
function step(input: Input, end: End): boolean {
  const { quic, session, trace } = end;
  const kind = input.below(14);
  trace.hit(kind);
  if (kind <= 6) {
    const id = input.pick(STREAMS[quic.role]);
    // QUIC lets no peer send on a stream that we have not opened.
    if (quic.role === 'client' && id % 4 === 0 && id >= 4 * quic.opened) return false;
    if (kind <= 1) sendPiece(input, end, id, kind === 1);
    else if (kind === 2) quic.arrive(id, input.take(input.below(40)), false);
    else if (kind === 3) quic.arrive(id, new Uint8Array(0), true);
    else if (kind === 4) quic.reset(id, input.pick(CODES));
    else if (kind === 5) quic.stopped(ownStream(id, quic.role), input.pick(CODES));
    else quic.deliver(id, 1);
  } else if (kind === 7) {
    if (quic.role === 'client') end.request(input);
  } else if (kind === 8) end.act(input.byte(), input.pick(ACTIONS), input);
  else if (kind === 9) quic.drain();
  else if (kind === 10) end.react(input.pick(HAPPENINGS), input.pick(ACTIONS));
  else if (kind === 11) steer(input, end);
  else if (kind === 13) {
    if (input.below(4) === 0) session.close(Code.H3_NO_ERROR, 'enough');
    else quic.room = false;
  }
  return kind === 12;
}

// Whole, or only its beginning.
function sendPiece(input: Input, { quic, trace }: End, id: number, last: boolean): void {
  const which = input.below(PIECES.length);
  trace.hit(64 + which);
  const bytes = PIECES[which] ?? new Uint8Array(0);
  quic.arrive(
    id,
    Buffer.from(bytes.subarray(0, input.byte() === 255 ? bytes.length : input.below(16))),
    last,
  );
}

function steer(input: Input, { session, quic }: End): void {
  const what = input.below(6);
  if (what === 0) session.goAway();
  else if (what === 1) session.announceGoAway();
  else if (what === 2) quic.allow('bidirectional');
  else if (what === 3) quic.allow('unidirectional');
  else if (what === 4) quic.allowed.unidirectional = 0;
  else quic.send();
}

// Stops concern what we send: request streams, and the unidirectional streams that are ours.
function ownStream(id: number, role: 'client' | 'server'): number {
  if (id % 4 === 0) return id;
  return role === 'client' ? id - 1 : id + 1;
}

function checkMessages({ watches, quic, sent }: End): void {
  for (const watch of watches) {
    const id = watch.stream?.id ?? -1;
    const incoming = quic.incoming.get(id);
    const method = fieldValue(sent.get(id)?.head ?? [], ':method') ?? 'GET';
    if (incoming !== undefined) checkMessage(watch, incoming, quic.role === 'client' ? method : '');
    else check(watch.receiving !== 'ended', 'a message of which nothing came is not complete');
  }
}
