/**
 * The rows of the design's table "HTTP/3 side" on real QUIC: what a peer sends, and what it must see. Each row is sent
 * whole, and again with its last bytes cut in two at several places, in turns of their own.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { FrameParser } from '../../src/h3/frame-parser.ts';
import { encodeFrame, FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, headers } from '../../src/h3/recording-quic.fixture.ts';
import { QpackDecoder } from '../../src/qpack/decoder.ts';
import { isUnidirectional, type StreamId } from '../../src/quic/port.ts';
import type { RawPeer } from '../support/raw-peer.ts';

export type Step =
  | { readonly id: StreamId; readonly bytes: Uint8Array; readonly fin: boolean }
  | { readonly id: StreamId; readonly reset: number }
  | { readonly id: StreamId; readonly stop: number };

/** Code of the connection's close, code on stream 0 alone, or status of the answer to a request that was refused. */
export type Outcome =
  | { readonly connection: number }
  | { readonly stream: number }
  | { readonly status: number };

export interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
  /** Some of the request was in order: the origin may have seen its beginning. */
  readonly begun?: boolean;
  /** The HTTP/1.1 request that the row answers; an unfinished POST unless said. */
  readonly request?: string;
}

export const row = (name: string, outcome: Outcome, ...steps: Step[]): Row => ({ name, outcome, steps });
export const begun = (name: string, outcome: Outcome, ...steps: Step[]): Row => ({
  ...row(name, outcome, ...steps),
  begun: true,
});

export const on = (id: StreamId, ...parts: Uint8Array[]): Step => ({
  id,
  bytes: concat(...parts),
  fin: false,
});
export const ended = (id: StreamId, ...parts: Uint8Array[]): Step => ({
  id,
  bytes: concat(...parts),
  fin: true,
});
export const frame = (type: number, ...payload: number[]) => encodeFrame(type, Buffer.from(payload));
export const section = (...bytes: number[]) => frame(FrameType.HEADERS, ...bytes);
export const settingsOf = (...payload: number[]) =>
  concat(Buffer.of(0), frame(FrameType.SETTINGS, ...payload));
export const trailers = headers(['x', 'y']);

/** Rows that are the same for either end; `control` is the peer's first unidirectional stream. */
export type Shared = (control: StreamId) => Row[];

/** How a row's last bytes are sent: `undefined` whole, else in two parts. */
export type Cut = number | undefined;

/** Whole, then cut in the middle, behind the first byte, and before the last one: up to `most` cuts. */
export function cutsOf({ steps }: Row, most: number): Cut[] {
  const last = steps.at(-1);
  const length = last !== undefined && 'bytes' in last ? last.bytes.length : 0;
  const places = [length >> 1, 1, length - 1].filter((place) => place > 0 && place < length);
  return [undefined, ...new Set(places.slice(0, most))];
}

/** A few turns of the event loop: what was written is then a datagram that the other end has taken in. */
export async function turns(): Promise<void> {
  for (let count = 0; count < 4; count++) await setImmediate();
}

/**
 * What QUIC tells of a STOP_SENDING when the engine, which is asked only now and then, has forgotten its code; it is no
 * code of HTTP/3. RESET_STREAM always has its code.
 */
export const FORGOTTEN = 0;

/**
 * Resolves when the other end has read what was sent before: bytes that it has not read are lost when their stream is
 * reset. `unused` is a unidirectional stream of ours, which becomes one of a type that every receiver refuses.
 */
async function untilRead(peer: RawPeer, unused: StreamId): Promise<void> {
  await peer.send(unused, Buffer.of(0x22));
  await peer.until(() => peer.stream(unused).stopped !== undefined);
}

/** Sends the row's steps, after a control stream unless the row has one. */
export async function play(peer: RawPeer, { steps }: Row, cut: Cut, control: StreamId): Promise<void> {
  if (!peer.has(control) && !steps.some(({ id }) => isUnidirectional(id) && id % 4 === control % 4)) {
    await peer.send(control, controlStream());
  }
  for (const step of steps) {
    if ('stop' in step) {
      await peer.until(() => peer.has(step.id));
      peer.stop(step.id, step.stop);
    } else if ('reset' in step) {
      await untilRead(peer, step.id + 4);
      await peer.reset(step.id, step.reset);
    } else if (cut !== undefined && step === steps.at(-1)) {
      await peer.send(step.id, step.bytes.subarray(0, cut));
      await turns();
      await peer.send(step.id, step.bytes.subarray(cut), step.fin);
    } else await peer.send(step.id, step.bytes, step.fin);
    await turns();
  }
}

/** Waits for what the row leads to, and expects exactly that. */
export async function expectOutcome(peer: RawPeer, outcome: Outcome): Promise<void> {
  if ('connection' in outcome) {
    await peer.until(() => false);
    expect(peer.closed).toMatchObject({ source: 'remote', space: 'application', code: outcome.connection });
    return;
  }
  const stream = peer.stream(0);
  await peer.until(() => stream.reset !== undefined || stream.stopped !== undefined || stream.ended);
  await turns();
  expect(peer.closed).toBeUndefined();
  if ('status' in outcome) {
    expect(stream.ended).toBe(true);
    expect(statusOf(peer.received(0))).toBe(outcome.status);
  } else {
    expect(stream.reset ?? stream.stopped).toBe(outcome.stream);
    expect([undefined, FORGOTTEN, outcome.stream]).toContain(stream.stopped);
    expect(stream.ended).toBe(false);
  }
}

/** `:status` of the first field section of a response. */
export function statusOf(bytes: Uint8Array): number {
  const parser = new FrameParser(65_536);
  parser.feed(bytes);
  for (let step = parser.next(); step !== 'more'; step = parser.next()) {
    if (step !== 'frame' || parser.type !== FrameType.HEADERS) continue;
    const decoder = new QpackDecoder({
      maxTableCapacity: 0,
      blockedStreams: 0,
      maxFieldSectionSize: 65_536,
    });
    const decoded = decoder.decode(0, parser.payload);
    if (decoded.kind === 'fields') return Number(decoded.fields[1]);
  }
  return 0;
}
