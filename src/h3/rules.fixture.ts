import { expect } from 'vitest';
import type { Role, StreamId } from '../quic/port.ts';
import { encodeFrame, FrameType } from './frames.ts';
import type { FieldLines } from './port.ts';
import {
  concat,
  type Harness,
  harness,
  headers,
  type RecordingEvents,
  readyClient,
  request,
} from './recording-quic.fixture.ts';

/**
 * The rows of the design's table "HTTP/3 side": what a peer sends, and the code that it must see, on the stream or
 * on the connection. Every row is fed whole, byte by byte, and with its last step cut at every position.
 */
export interface Row {
  readonly name: string;
  /** Who receives. */
  readonly role: Role;
  readonly steps: readonly Step[];
  /** Code of the close, or of the reset of stream 0. */
  readonly connection?: number;
  readonly stream?: number;
  /** The client's request; GET unless said. */
  readonly request?: FieldLines;
}

type Step =
  | { readonly id: StreamId; readonly bytes: Uint8Array; readonly fin?: boolean }
  | { readonly id: StreamId; readonly reset: number }
  | { readonly id: StreamId; readonly stop: number };

export const trailers = headers(['x', 'y']);
export const frame = (type: number, ...payload: number[]) => encodeFrame(type, Buffer.from(payload));
export const on = (id: StreamId, ...parts: Uint8Array[]): Step => ({ id, bytes: concat(...parts) });
export const ended = (id: StreamId, ...parts: Uint8Array[]): Step => ({
  id,
  bytes: concat(...parts),
  fin: true,
});
export const settingsOf = (...payload: number[]) =>
  concat(Buffer.of(0), frame(FrameType.SETTINGS, ...payload));

export const server = (name: string, outcome: Pick<Row, 'connection' | 'stream'>, ...steps: Step[]): Row => ({
  name: `server: ${name}`,
  role: 'server',
  steps,
  ...outcome,
});
export const client = (name: string, outcome: Pick<Row, 'connection' | 'stream'>, ...steps: Step[]): Row => ({
  name: `client: ${name}`,
  role: 'client',
  steps,
  ...outcome,
});
export const both = (
  name: string,
  outcome: Pick<Row, 'connection'>,
  steps: (control: StreamId) => Step[],
): Row[] => [server(name, outcome, ...steps(2)), client(name, outcome, ...steps(3))];

interface Run {
  readonly peer: Harness;
  readonly events: RecordingEvents | undefined;
}

function start(row: Row): Run {
  if (row.role === 'server') return { peer: harness('server'), events: undefined };
  // Rows about the control stream bring their own; the others need SETTINGS to have a request.
  const needsRequest = row.steps.some((step) => step.id === 0);
  if (!needsRequest) return { peer: harness('client'), events: undefined };
  const peer = readyClient();
  return { peer, events: request(peer, row.request, false).events };
}

type Cut = (bytes: Uint8Array, isLast: boolean) => Uint8Array[];

export function play(row: Row, cut: Cut): Run {
  const run = start(row);
  for (const step of row.steps) {
    if ('reset' in step) run.peer.reset(step.id, step.reset);
    else if ('stop' in step) run.peer.stop(step.id, step.stop);
    else {
      const pieces = cut(step.bytes, step === row.steps.at(-1));
      pieces.forEach((piece, index) => {
        run.peer.receive(step.id, piece, step.fin === true && index === pieces.length - 1);
      });
    }
  }
  return run;
}

function expectOutcome(row: Row, { peer, events }: Run): void {
  const { quic } = peer;
  if (row.connection !== undefined) {
    expect(quic.closes.map(([code]) => code)).toEqual([row.connection]);
  } else {
    expect(quic.closes).toEqual([]);
    expect(quic.resets).toEqual([[0, row.stream]]);
    expect(quic.stops).toEqual([[0, row.stream]]);
    if (row.role === 'client') expect(events?.failures.map((failure) => failure.code)).toEqual([row.stream]);
  }
  for (const told of [events, ...peer.requests.map((request) => request.events)]) {
    expect(told?.log ?? []).not.toContain('end');
  }
}

export function expectEverywhere(row: Row): void {
  expectOutcome(
    row,
    play(row, (bytes) => [bytes]),
  );
  expectOutcome(row, play(row, bytewise));
  const length = lastLength(row);
  for (let at = 1; at < length; at++) {
    expectOutcome(
      row,
      play(row, (bytes, isLast) => (isLast ? [bytes.subarray(0, at), bytes.subarray(at)] : [bytes])),
    );
  }
}

const bytewise: Cut = (bytes) => (bytes.length === 0 ? [bytes] : [...bytes].map((byte) => Buffer.of(byte)));

function lastLength(row: Row): number {
  const last = row.steps.at(-1);
  return last !== undefined && 'bytes' in last ? last.bytes.length : 0;
}
