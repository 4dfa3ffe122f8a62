import { Cursor } from '../bytes/cursor.ts';
import { isServerInitiated, isUnidirectional, type Role } from '../quic/port.ts';
import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import type { FloodGuard } from './flood-guard.ts';
import { FrameParser } from './frame-parser.ts';
import { FrameType, frameKind, frameName } from './frames.ts';
import { MAX_CONTROL_PAYLOAD } from './limits.ts';
import { parseSettings, type Settings } from './settings.ts';

/** What the peer's control stream says. */
export interface ControlHandler {
  onSettings(settings: Settings): void;
  /** Identifiers from `id` on were not and will not be processed: streams at the client, pushes at the server. */
  onGoAway(id: number): void;
}

/** Frames that the control stream may carry, by who receives them (RFC 9114 §7.2, table 1). */
const ALLOWED: Readonly<Record<Role, readonly number[]>> = {
  client: [FrameType.SETTINGS, FrameType.GOAWAY, FrameType.CANCEL_PUSH],
  server: [FrameType.SETTINGS, FrameType.GOAWAY, FrameType.CANCEL_PUSH, FrameType.MAX_PUSH_ID],
};

/** Receives the peer's control stream (RFC 9114 §6.2.1): SETTINGS once and first, then the rest. */
export class ControlReceiver {
  readonly #role: Role;
  readonly #flood: FloodGuard;
  readonly #handler: ControlHandler;
  readonly #parser = new FrameParser(MAX_CONTROL_PAYLOAD);
  #settled = false;
  #goAwayId = Number.POSITIVE_INFINITY;
  #maxPushId = -1;

  /** `role` is ours. */
  constructor(role: Role, flood: FloodGuard, handler: ControlHandler) {
    this.#role = role;
    this.#flood = flood;
    this.#handler = handler;
  }

  /** Throws the H3Error that the bytes call for. */
  receive(chunk: Uint8Array): void {
    this.#parser.feed(chunk);
    for (;;) {
      switch (this.#parser.next()) {
        case 'start':
          this.#checkStart();
          break;
        case 'oversized':
          this.#checkStart();
          throw this.#oversized();
        case 'frame':
          this.#onFrame(this.#parser.type, this.#parser.payload);
          break;
        default:
          return;
      }
    }
  }

  // By the frame's type alone, before anything of its payload is kept.
  #checkStart(): void {
    const { type } = this.#parser;
    if (!this.#settled && type !== FrameType.SETTINGS) {
      throw connectionError(Code.H3_MISSING_SETTINGS, `${frameName(type)} before SETTINGS`);
    }
    if (frameKind(type) === 'unknown') {
      this.#flood.spend('unknown frames');
      return;
    }
    const repeated = this.#settled && type === FrameType.SETTINGS;
    if (repeated || !ALLOWED[this.#role].includes(type)) {
      throw connectionError(Code.H3_FRAME_UNEXPECTED, `${frameName(type)} on the control stream`);
    }
  }

  #oversized() {
    return this.#parser.type === FrameType.SETTINGS
      ? connectionError(Code.H3_EXCESSIVE_LOAD, `SETTINGS of ${this.#parser.length} bytes`)
      : frameError(this.#parser.type);
  }

  #onFrame(type: number, payload: Uint8Array): void {
    if (type === FrameType.SETTINGS) {
      const settings = parseSettings(payload);
      this.#settled = true;
      this.#handler.onSettings(settings);
      return;
    }
    const id = integerIn(type, payload);
    this.#flood.spend(`${frameName(type)} frames`);
    if (type === FrameType.GOAWAY) this.#onGoAway(id);
    else if (type === FrameType.MAX_PUSH_ID) this.#onMaxPushId(id);
    // Nothing is ever pushed, so no push can be cancelled (§7.2.3).
    else throw connectionError(Code.H3_ID_ERROR, `CANCEL_PUSH of a push ${id} that never was`);
  }

  // §5.2: the server names a request stream, the client a push; identifiers never grow.
  #onGoAway(id: number): void {
    const wrongKind = this.#role === 'client' && (isServerInitiated(id) || isUnidirectional(id));
    if (wrongKind || id > this.#goAwayId) {
      throw connectionError(
        Code.H3_ID_ERROR,
        `GOAWAY with ${id} ${wrongKind ? 'is no request stream' : 'grows'}`,
      );
    }
    this.#goAwayId = id;
    this.#handler.onGoAway(id);
  }

  // §7.2.7
  #onMaxPushId(id: number): void {
    if (id < this.#maxPushId) throw connectionError(Code.H3_ID_ERROR, `MAX_PUSH_ID shrinks to ${id}`);
    this.#maxPushId = id;
  }
}

// The payload of GOAWAY, CANCEL_PUSH and MAX_PUSH_ID is one integer and nothing else.
function integerIn(type: number, payload: Uint8Array): number {
  const cursor = new Cursor(payload);
  const value = cursor.varint();
  if (value === undefined || cursor.remaining > 0) throw frameError(type);
  return value;
}

const frameError = (type: number) =>
  connectionError(Code.H3_FRAME_ERROR, `${frameName(type)} does not fit its payload`);
