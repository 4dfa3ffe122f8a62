/** What a hostile peer with an accepted certificate may do. Each attack goes on until the connection or the time is over. */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { varintLength, writeVarint } from '../../src/bytes/varint.ts';
import { Code } from '../../src/h3/codes.ts';
import { encodeFrame, encodeFrameHeader, FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, data, GET, headers, OK, POST } from '../../src/h3/recording-quic.fixture.ts';
import type { QuicOptions } from '../../src/quic/options.ts';
import type { RawPeer } from '../../test/support/raw-peer.ts';

/** Whether to go on. */
export type Going = () => boolean;

export interface Attack {
  /** Departures from the settings of an honest peer. */
  readonly transport?: Partial<QuicOptions>;
  run(peer: RawPeer, going: Going): Promise<void>;
}

const CONTROL = 2;
const QPACK = 6;
/** A large answer of the origin, and one that never comes. */
const LARGE = [...GET.slice(0, 6), ':path', '/large'];
const NEVER = [...GET.slice(0, 6), ':path', '/never'];
/** One whose answer does not end what its content does. */
const UPLOAD = [...POST.slice(0, 6), ':path', '/never'];

/** Useless bytes go out in pieces of this size. */
const BATCH = 64 * 1024;

const times = (count: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

const batchOf = (bytes: Uint8Array): Uint8Array => times(Math.ceil(BATCH / bytes.length), bytes);

const frame = (type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array =>
  encodeFrame(type, payload);

/** Again and again the same bytes on one stream, as fast as they are taken; `first` once before. */
const repeat = (stream: number, first: Uint8Array, bytes: Uint8Array): Attack => ({
  run: async (peer, going) => {
    if (stream !== CONTROL) await peer.send(CONTROL, controlStream());
    await peer.send(stream, first);
    const batch = batchOf(bytes);
    while (going()) {
      await peer.send(stream, batch);
      await turn();
    }
  },
});

/** One request stream after the other, as fast as the other end allows them. */
const perRequest = (
  step: (peer: RawPeer, id: number) => Promise<void>,
  transport: Partial<QuicOptions> = {},
): Attack => ({
  transport,
  run: async (peer, going) => {
    await peer.send(CONTROL, controlStream());
    for (let at = 0; going(); at++) {
      await untilAllowed(peer, 4 * at, going);
      if (going()) await step(peer, 4 * at);
      if (at % 32 === 31) await turn();
    }
  },
});

async function untilAllowed(peer: RawPeer, id: number, going: Going): Promise<void> {
  while (going() && !peer.has(id) && !peer.tryOpen('bidirectional')) await pause(5);
}

/** As many streams as are allowed, each begun with these bytes, and then a trickle on all of them. */
const hoard = (begin: Uint8Array, trickle: Uint8Array): Attack => ({
  run: async (peer, going) => {
    await peer.send(CONTROL, controlStream());
    let count = 0;
    while (going() && peer.tryOpen('bidirectional')) {
      await peer.send(4 * count++, begin);
      if (count % 32 === 0) await turn();
    }
    for (let at = 0; going(); at++) {
      if (trickle.length > 0) await peer.send(4 * (at % count), trickle);
      else await peer.send(CONTROL, frame(0x21));
      await pause(5);
    }
  },
});

const settingsAgain = frame(FrameType.SETTINGS);
const PRIORITY_UPDATE = 0xf0700;
const manyFields = headers([...GET, ...Array.from({ length: 2000 }, (_, at) => [`x${at}`, '']).flat()]);

/** A dynamic table with one entry of 4,000 bytes, and a head that refers to it nine times. */
const BIG_VALUE = 4000;
const insertBig = concat(
  Buffer.of(2),
  Buffer.of(0x3f, ...continued(16_384 - 31)),
  Buffer.of(0x41, 0x78, 0x7f, ...continued(BIG_VALUE - 127)),
  Buffer.alloc(BIG_VALUE, 0x61),
);
// Required Insert Count 1, Base 1: static :method GET, :scheme https, :path /, :authority as a literal.
const expanding = frame(
  FrameType.HEADERS,
  Buffer.of(0x02, 0x00, 0xd1, 0xd7, 0xc1, 0x50, 0x01, 0x61, ...new Array<number>(9).fill(0x80)),
);

function continued(rest: number): number[] {
  const bytes: number[] = [];
  let left = rest;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80);
  return [...bytes, left];
}

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  // What the machine does to the figures anyway.
  'nothing, to compare': {
    run: async (peer, going) => {
      await peer.send(CONTROL, controlStream());
      while (going()) await pause(100);
    },
  },
  'empty DATA frames': repeat(0, headers(UPLOAD), data('')),
  'reserved frames in a request': repeat(0, headers(UPLOAD), frame(0x21)),
  'reserved frames on control': repeat(CONTROL, controlStream(), frame(0x21)),
  GOAWAY: repeat(CONTROL, controlStream(), frame(FrameType.GOAWAY, varint(0))),
  MAX_PUSH_ID: repeat(CONTROL, controlStream(), frame(FrameType.MAX_PUSH_ID, varint(0))),
  PRIORITY_UPDATE: repeat(
    CONTROL,
    controlStream(),
    frame(PRIORITY_UPDATE, concat(varint(0), Buffer.from('u=1'))),
  ),
  'SETTINGS again': repeat(CONTROL, controlStream(), settingsAgain),
  'DATA of one byte': repeat(0, headers(UPLOAD), data('x')),
  'an unknown frame without end': repeat(0, encodeFrameHeader(0x21, 2 ** 50), Buffer.alloc(BATCH)),
  'table duplicates': repeat(QPACK, insertBig, Buffer.of(0x00)),
  'table inserts': repeat(
    QPACK,
    insertBig.subarray(0, 4),
    concat(Buffer.of(0x41, 0x78, 0x7f, ...continued(BIG_VALUE - 127)), Buffer.alloc(BIG_VALUE, 0x61)),
  ),
  'decoder instructions': repeat(QPACK, Buffer.of(3), Buffer.of(0x40)),
  'rapid reset': perRequest(async (peer, id) => {
    await peer.send(id, headers(NEVER));
    await peer.reset(id, Code.H3_REQUEST_CANCELLED);
    peer.stop(id, Code.H3_REQUEST_CANCELLED);
  }),
  'answers stopped': perRequest(async (peer, id) => {
    await peer.send(id, headers(NEVER), true);
    peer.stop(id, Code.H3_REQUEST_CANCELLED);
  }),
  'made you reset': perRequest((peer, id) => peer.send(id, concat(headers(NEVER), headers(OK)), true)),
  'many tiny fields': perRequest((peer, id) => peer.send(id, manyFields, true)),
  'expanding heads': {
    run: async (peer, going) => {
      await peer.send(CONTROL, controlStream());
      await peer.send(QPACK, insertBig);
      for (let at = 0; going(); at++) {
        await untilAllowed(peer, 4 * at, going);
        if (going()) await peer.send(4 * at, expanding, true);
        if (at % 32 === 31) await turn();
      }
    },
  },
  'blocked heads': hoard(frame(FrameType.HEADERS, Buffer.of(0x02, 0x00, 0x80)), new Uint8Array(0)),
  'unidirectional streams': {
    run: async (peer, going) => {
      await peer.send(CONTROL, controlStream());
      for (let at = 1; going(); at++) {
        await peer.send(CONTROL + 4 * at, Buffer.of(0x21), true);
        if (at % 8 === 7) await turn();
      }
    },
  },
  'unfinished heads': hoard(headers(GET).subarray(0, 4), new Uint8Array(0)),
  'idle requests and pings': hoard(headers(UPLOAD), new Uint8Array(0)),
  'bodies byte by byte': hoard(headers(UPLOAD), data('x')),
  'no credit': perRequest((peer, id) => peer.send(id, headers(LARGE), true), { streamReceiveWindow: 0 }),
  'credit of one byte': perRequest((peer, id) => peer.send(id, headers(LARGE), true), {
    streamReceiveWindow: 1,
  }),
  'answers unread': perRequest(
    async (peer, id) => {
      await peer.send(id, headers(LARGE), true);
      peer.pause(id);
    },
    { streamReceiveWindow: 20_000 },
  ),
};
