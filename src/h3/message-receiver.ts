import { ChunkQueue } from '../bytes/chunk-queue.ts';
import type { DecodeResult } from '../qpack/decoder.ts';
import type { Role, StreamId } from '../quic/port.ts';
import { Code } from './codes.ts';
import { connectionError, streamError } from './errors.ts';
import { checkRequest, checkResponse, checkTrailers } from './fields.ts';
import type { FloodGuard } from './flood-guard.ts';
import { FrameParser } from './frame-parser.ts';
import { FrameType } from './frames.ts';
import type { HeldBytes } from './held-bytes.ts';
import { MAX_INTERIM_RESPONSES } from './limits.ts';
import { checkEnd, checkRequestStreamFrame, type MessagePhase } from './message-state.ts';
import type { PieceJoiner } from './piece-joiner.ts';
import type { FieldLines } from './port.ts';

/** Who hears the parts of one message, in this order. */
export interface MessageSink {
  onInterim(fields: FieldLines): void;
  onHead(fields: FieldLines): void;
  onData(chunk: Uint8Array): void;
  onTrailers(fields: FieldLines): void;
  onEnd(): void;
  /** Server, instead of `onHead`: the head is over our limits. Nothing follows. */
  onOversizedHead(): void;
}

/** What all messages of a connection share. */
export interface ReceiverContext {
  readonly role: Role;
  /** Limits of a field section, in bytes (RFC 9114 §4.2.2) and in lines. */
  readonly maxFieldSectionSize: number;
  readonly maxFieldCount: number;
  readonly flood: FloodGuard;
  /** A monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly decoder: FieldSectionDecoder;
  readonly held: HeldBytes;
  /** One for all: it is empty whenever a receiver returns. */
  readonly joiner: PieceJoiner;
}

/** QPACK, as far as it decodes. Both throw a QpackError. */
export interface FieldSectionDecoder {
  decode(id: StreamId, section: Uint8Array): DecodeResult;
  /** Once for a stream that `decode` found blocked, when it no longer is. */
  resume(id: StreamId): DecodeResult;
}

/**
 * Receives the one message of a request stream: frames, their order, field rules, Content-Length. Throws H3Error
 * and QpackError; what was raised is the end of it.
 *
 * Pausing takes effect at once, also from within a call of the sink: the rest of the bytes at hand is held, with
 * the end of the stream, and goes on in {@link MessageReceiver.proceed}. As QUIC delivers nothing to a paused
 * stream, that is one chunk. A field section that is blocked (RFC 9204 §2.2.1) holds up what follows it likewise.
 */
export class MessageReceiver {
  readonly #id: StreamId;
  readonly #context: ReceiverContext;
  readonly #sink: MessageSink;
  readonly #parser: FrameParser;
  #phase: MessagePhase = 'head';
  #interims = 0;
  // Bytes of content that the message must have, and that its DATA frames have declared so far.
  #contentLength: number | undefined;
  #declared = 0;
  // The method of the request that this message answers (client).
  #requestMethod = '';
  #paused = false;
  // A field section that the decoder keeps: entries that it needs are on their way, or have come.
  #section: 'none' | 'blocked' | 'unblocked' = 'none';
  #over = false;
  #ended = false;
  #held: ChunkQueue | undefined;

  constructor(id: StreamId, context: ReceiverContext, sink: MessageSink) {
    this.#id = id;
    this.#context = context;
    this.#sink = sink;
    this.#parser = new FrameParser(context.maxFieldSectionSize, context.held);
  }

  /** Whether a field section, bytes or the end of the stream wait for {@link MessageReceiver.proceed}. */
  get holds(): boolean {
    if (this.#over) return false;
    return this.#section !== 'none' || this.#parser.hasInput || this.#held !== undefined || this.#ended;
  }

  /** Whether the end of the stream has come. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Whether it takes nothing for now: it is paused, or its field section is blocked. */
  get standsStill(): boolean {
    return this.#paused || this.#section === 'blocked';
  }

  /** Client: the request that is answered; some methods have answers without content (RFC 9110 §6.4.1). */
  answers(requestMethod: string): void {
    this.#requestMethod = requestMethod;
  }

  pause(): void {
    this.#paused = true;
  }

  /** Lets data through again, from the next {@link MessageReceiver.proceed} or `receive` on. */
  resume(): void {
    this.#paused = false;
  }

  /** The field section can be decoded, from the next {@link MessageReceiver.proceed} on. */
  unblock(): void {
    if (this.#section === 'blocked') this.#section = 'unblocked';
  }

  /** Nothing more is to be said to the sink. */
  abandon(): void {
    this.#over = true;
    this.#held = undefined;
    this.#parser.abandon();
  }

  /** Takes the next bytes of the stream, and its end. */
  receive(chunk: Uint8Array, fin: boolean): void {
    if (this.#over) return;
    if (fin) this.#ended = true;
    if (this.#held !== undefined || this.#parser.hasInput) {
      this.#held ??= new ChunkQueue();
      this.#held.push(chunk);
      return;
    }
    this.#parser.feed(chunk);
    this.proceed();
  }

  /** Goes on with what is held, until it is used up, a field section is blocked or the sink pauses again. */
  proceed(): void {
    if (this.#section === 'unblocked' && !this.#paused && !this.#over) {
      this.#section = 'none';
      this.#onDecoded(this.#context.decoder.resume(this.#id));
    }
    this.#context.joiner.clear();
    while (!this.standsStill && !this.#over) {
      switch (this.#parser.next()) {
        case 'start':
          this.#onFrameStart();
          break;
        case 'oversized':
          this.#onFrameStart();
          if (!this.#over) this.#onOversizedSection();
          break;
        case 'piece':
          this.#onPiece();
          break;
        case 'frame':
          this.#onDecoded(this.#context.decoder.decode(this.#id, this.#parser.payload));
          break;
        case 'more':
          if (!this.#context.joiner.isEmpty) this.#passJoined();
          else if (!this.#feedHeld()) {
            if (this.#ended) this.#onStreamEnd();
            return;
          }
      }
    }
  }

  #onPiece(): void {
    const { joiner } = this.#context;
    const { payload, hasInput } = this.#parser;
    if (joiner.join(payload, hasInput)) return;
    this.#sink.onData(joiner.isEmpty ? payload : joiner.take(payload));
  }

  #passJoined(): void {
    this.#sink.onData(this.#context.joiner.take());
  }

  #feedHeld(): boolean {
    const chunk = this.#held?.shift();
    if (chunk === undefined) {
      this.#held = undefined;
      return false;
    }
    this.#parser.feed(chunk);
    return true;
  }

  // DATA over Content-Length is refused by the frame's header, so that none of it is passed on.
  #onFrameStart(): void {
    const { type, length } = this.#parser;
    if (type !== FrameType.DATA && !this.#context.joiner.isEmpty) this.#passJoined();
    if (this.#over) return;
    if (!checkRequestStreamFrame(this.#phase, type, this.#context.role)) {
      this.#context.flood.spend('unknown frames');
      return;
    }
    if (type !== FrameType.DATA) return;
    if (length === 0) this.#context.flood.spend('empty DATA frames');
    this.#declared += length;
    if (this.#contentLength !== undefined && this.#declared > this.#contentLength) throw lengthMismatch();
  }

  #onDecoded(result: DecodeResult): void {
    if (result.kind === 'blocked') this.#section = 'blocked';
    else if (result.kind === 'too-large' || result.fields.length / 2 > this.#context.maxFieldCount) {
      this.#onOversizedSection();
    } else if (this.#phase === 'content') this.#onTrailers(result.fields);
    else if (this.#context.role === 'server') this.#onRequestHead(result.fields);
    else this.#onResponseHead(result.fields);
  }

  // What follows CONNECT can only be of the tunnel, whatever the answer: the request itself has no content.
  #onRequestHead(fields: FieldLines): void {
    const { method, contentLength } = checkRequest(fields);
    this.#onFinalHead(fields, method === 'CONNECT', contentLength);
  }

  #onResponseHead(fields: FieldLines): void {
    const { status, contentLength } = checkResponse(fields);
    if (status < 200) {
      if (++this.#interims > MAX_INTERIM_RESPONSES) {
        throw streamError(Code.H3_EXCESSIVE_LOAD, `over ${MAX_INTERIM_RESPONSES} interim responses`);
      }
      this.#sink.onInterim(fields);
      return;
    }
    const isTunnel = this.#requestMethod === 'CONNECT' && status < 300;
    // Answers without content may declare the length that another would have (RFC 9110 §8.6).
    const isBare = hasNoContent(this.#requestMethod, status);
    this.#onFinalHead(fields, isTunnel, isBare ? 0 : contentLength);
  }

  #onFinalHead(fields: FieldLines, isTunnel: boolean, contentLength: number | undefined): void {
    this.#phase = isTunnel ? 'tunnel' : 'content';
    this.#contentLength = isTunnel ? undefined : contentLength;
    this.#sink.onHead(fields);
  }

  #onTrailers(fields: FieldLines): void {
    checkTrailers(fields);
    this.#checkLength();
    this.#phase = 'trailers';
    this.#sink.onTrailers(fields);
  }

  #onOversizedSection(): void {
    this.#context.flood.spend('field sections over the limit');
    if (this.#context.role === 'server' && this.#phase === 'head') {
      this.#over = true;
      this.#sink.onOversizedHead();
    } else throw streamError(Code.H3_EXCESSIVE_LOAD, 'a field section is over the limit');
  }

  #onStreamEnd(): void {
    if (!this.#parser.betweenFrames) {
      throw connectionError(Code.H3_FRAME_ERROR, 'the stream ended inside a frame');
    }
    const error = checkEnd(this.#phase, this.#context.role);
    if (error !== undefined) throw error;
    this.#checkLength();
    this.#over = true;
    if (this.#context.role === 'client') this.#context.flood.earn();
    this.#sink.onEnd();
  }

  #checkLength(): void {
    if (this.#contentLength !== undefined && this.#declared !== this.#contentLength) throw lengthMismatch();
  }
}

const lengthMismatch = () =>
  streamError(
    Code.H3_MESSAGE_ERROR,
    'malformed message: the content is not as long as Content-Length declares',
  );

function hasNoContent(requestMethod: string, status: number): boolean {
  return requestMethod === 'HEAD' || status === 204 || status === 304;
}
