import type { Role } from '../quic/port.ts';
import { Code } from './codes.ts';
import { connectionError, type H3Error, streamError } from './errors.ts';
import { FrameType, frameKind, frameName } from './frames.ts';

/**
 * How far a message has come (RFC 9114 §4.1). A message is one head (at the client preceded by interim responses),
 * any number of DATA frames, at most one trailer section, and the end of the stream:
 *
 *     phase      HEADERS is    DATA is      the end is
 *     head       a head        forbidden    too early
 *     content    the trailers  content      the end
 *     trailers   forbidden     forbidden    the end
 *     tunnel     forbidden     content      the end
 *
 * `tunnel` follows a head instead of `content` once CONNECT has turned the stream into one (§4.4).
 *
 * Unknown frames may stand anywhere (§9); every other known one is forbidden on a request stream (§7.2).
 */
export type MessagePhase = 'head' | 'content' | 'trailers' | 'tunnel';

interface PhaseRules {
  readonly headers: boolean;
  readonly data: boolean;
  readonly end: boolean;
}

const PHASES: Readonly<Record<MessagePhase, PhaseRules>> = {
  head: { headers: true, data: false, end: false },
  content: { headers: true, data: true, end: true },
  trailers: { headers: false, data: false, end: true },
  tunnel: { headers: false, data: true, end: true },
};

/**
 * Checks a frame of a request stream by its type alone. False: it is unknown, and to be ignored.
 * Throws H3_FRAME_UNEXPECTED, or H3_ID_ERROR for a push that was never allowed (§7.2.5), on the connection.
 */
export function checkRequestStreamFrame(phase: MessagePhase, type: number, receiver: Role): boolean {
  const rules = PHASES[phase];
  if (type === FrameType.DATA && rules.data) return true;
  if (type === FrameType.HEADERS && rules.headers) return true;
  if (frameKind(type) === 'unknown') return false;
  if (type === FrameType.PUSH_PROMISE && receiver === 'client') {
    throw connectionError(Code.H3_ID_ERROR, 'PUSH_PROMISE without MAX_PUSH_ID');
  }
  throw connectionError(Code.H3_FRAME_UNEXPECTED, `${frameName(type)} ${PLACES[phase]}`);
}

const PLACES: Readonly<Record<MessagePhase, string>> = {
  head: 'before the head of a message',
  content: 'in the content of a message',
  trailers: 'after the trailers of a message',
  tunnel: 'in a tunnel',
};

/** What is wrong with the stream's ending in this phase, if anything is. */
export function checkEnd(phase: MessagePhase, receiver: Role): H3Error | undefined {
  if (PHASES[phase].end) return undefined;
  return receiver === 'server'
    ? streamError(Code.H3_REQUEST_INCOMPLETE, 'the request ended before its head was complete')
    : streamError(Code.H3_MESSAGE_ERROR, 'the response ended before its head was complete');
}
