import { Buffer } from 'node:buffer';
import type { QuicStreams, StreamId } from '../quic/port.ts';
import { Code, describe } from './codes.ts';
import type { H3Connection } from './connection.ts';
import type { H3Error } from './errors.ts';
import { fieldValue } from './field-lines.ts';
import { encodeFrame, encodeFrameHeader, FrameType } from './frames.ts';
import type { RequestHandler } from './handlers.ts';
import { COPY_BELOW } from './limits.ts';
import { MessageReceiver, type MessageSink } from './message-receiver.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from './port.ts';

/** What a request stream asks of the session at the server. */
export interface RequestAcceptor {
  /** The head arrived: who hears the rest? */
  onRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents;
  /** The head is over the limits. */
  onOversizedRequest(stream: RequestStream): void;
}

/**
 * One request stream as the proxy uses it (RFC 9114 §4.1). Sending and receiving are apart: each is open until its
 * message has ended or was given up, and when both are over the stream is forgotten.
 */
export class H3RequestStream implements RequestStream, RequestHandler, MessageSink {
  readonly id: StreamId;
  readonly receiver: MessageReceiver;
  readonly since: number;
  readonly #connection: H3Connection;
  readonly #quic: QuicStreams;
  readonly #acceptor: RequestAcceptor;
  #events: RequestStreamEvents | undefined;
  #sending: 'idle' | 'open' | 'over' = 'idle';
  #receiving: 'open' | 'ended' | 'failed' = 'open';
  #answered = false;
  #isCancelled = false;

  /** At the client `events` are there from the start; at the server `acceptor` gives them. */
  constructor(
    id: StreamId,
    connection: H3Connection,
    quic: QuicStreams,
    acceptor: RequestAcceptor,
    events: RequestStreamEvents | undefined,
  ) {
    this.id = id;
    this.since = connection.receiverContext.now();
    this.#connection = connection;
    this.#quic = quic;
    this.#acceptor = acceptor;
    this.#events = events;
    this.receiver = new MessageReceiver(id, connection.receiverContext, this);
  }

  get isWhole(): boolean {
    return this.receiver.hasEnded;
  }

  sendHeaders(fields: FieldLines, end: boolean): void {
    if (this.#sending === 'over') return;
    if (this.#connection.role === 'client') this.receiver.answers(fieldValue(fields, ':method') ?? '');
    this.#sendSection(fields, end);
  }

  sendData(chunk: Uint8Array, lent = false): boolean {
    if (this.#sending === 'over' || chunk.length === 0) return true;
    if (chunk.length < COPY_BELOW)
      return this.#quic.write(this.id, encodeFrame(FrameType.DATA, chunk), false);
    this.#quic.write(this.id, encodeFrameHeader(FrameType.DATA, chunk.length), false);
    return this.#quic.write(this.id, lent ? Buffer.from(chunk) : chunk, false);
  }

  end(trailers?: FieldLines): void {
    if (this.#sending === 'over') return;
    if (trailers !== undefined) this.#sendSection(trailers, true);
    else {
      if (!this.#quic.finishStream(this.id)) this.#quic.write(this.id, EMPTY_DATA, true);
      this.#ended();
    }
  }

  pause(): void {
    if (this.#receiving !== 'open' || this.receiver.paused) return;
    this.receiver.pause();
    this.#quic.pauseStream(this.id);
  }

  resume(): void {
    if (this.#receiving !== 'open' || !this.receiver.paused) return;
    this.receiver.resume();
    if (this.receiver.holds) queueMicrotask(() => this.#connection.proceed(this.id));
    else this.#quic.resumeStream(this.id);
  }

  resetSending(code: number): void {
    if (this.#sending === 'over') this.#connection.unsent.reset(this.id, code);
    else {
      this.#quic.resetStream(this.id, code);
      this.#sendingOver();
    }
  }

  whenSent(done: () => void): void {
    this.#connection.unsent.whenSent(this.id, done);
  }

  stopReceiving(code: number): void {
    if (this.#receiving !== 'open') return;
    this.receiver.abandon();
    this.#connection.stopReceiving(this.id, code);
    this.#receivingOver('ended');
  }

  cancel(code: number): void {
    this.#isCancelled = true;
    this.#abandon(code);
  }

  setPriority(urgency: number, incremental: boolean): void {
    this.#quic.setPriority(this.id, urgency, incremental);
  }

  onInterim(fields: FieldLines): void {
    this.#answered = true;
    this.#events?.onInterim(fields);
  }

  onHead(fields: FieldLines): void {
    this.#answered = true;
    if (this.#connection.role === 'client') {
      this.#events?.onHeaders(fields);
      return;
    }
    this.#connection.pendingHeads.delete(this.id);
    this.#events = this.#acceptor.onRequest(this, fields);
  }

  onOversizedHead(): void {
    this.#connection.pendingHeads.delete(this.id);
    this.#acceptor.onOversizedRequest(this);
    const answered = this.#sending === 'over';
    if (!answered) this.resetSending(Code.H3_EXCESSIVE_LOAD);
    this.stopReceiving(answered ? Code.H3_NO_ERROR : Code.H3_EXCESSIVE_LOAD);
  }

  onData(chunk: Uint8Array): void {
    this.#events?.onData(chunk);
  }

  onTrailers(fields: FieldLines): void {
    this.#events?.onTrailers(fields);
  }

  onEnd(): void {
    this.#receivingOver('ended');
    this.#events?.onEnd();
  }

  onDrain(): void {
    if (this.#sending !== 'over') this.#events?.onDrain();
  }

  onError(error: H3Error): void {
    const source = error.code === Code.H3_INTERNAL_ERROR ? 'local' : 'remote';
    this.#abandon(error.code);
    this.#events?.onFailed(streamFailure(source, error.code, error.message, false));
  }

  // A client has no use for a request whose answer is lost. A server may still answer, if it knows of the request.
  onReset(code: number): void {
    if (this.#receiving !== 'open') return;
    this.receiver.abandon();
    this.#connection.abandonReceiving(this.id);
    this.#receivingOver('failed');
    if (this.#connection.role === 'client' || this.#events === undefined) {
      this.resetSending(Code.H3_REQUEST_CANCELLED);
    }
    const untouched =
      this.#connection.role === 'client' && code === Code.H3_REQUEST_REJECTED && !this.#answered;
    this.#events?.onFailed(
      streamFailure('remote', code, `the peer reset the stream: ${describe(code)}`, untouched),
    );
  }

  onStopped(code: number): void {
    if (this.#sending === 'over') return;
    this.#sendingOver();
    if (this.#events !== undefined) this.#events.onStopped(code);
    else this.stopReceiving(Code.H3_REQUEST_CANCELLED);
  }

  onRejected(): void {
    const untouched = !this.#answered;
    this.#abandon(Code.H3_REQUEST_CANCELLED);
    const reason = 'the server is going away and did not take the request';
    this.#events?.onFailed(streamFailure('remote', Code.H3_REQUEST_REJECTED, reason, untouched));
  }

  // Whoever was told already that receiving failed learns by another way that sending is over, too.
  onLost(failure: StreamFailure): void {
    const wasFailed = this.#receiving === 'failed';
    const untouched = this.#connection.role === 'client' && this.#sending === 'idle';
    this.receiver.abandon();
    this.#sending = 'over';
    this.#receiving = 'failed';
    if (wasFailed) this.#events?.onStopped(failure.code ?? Code.H3_NO_ERROR);
    else this.#events?.onFailed({ ...failure, untouched });
  }

  #sendSection(fields: FieldLines, end: boolean): void {
    const limit = this.#connection.exceededLimit(fields);
    if (limit !== undefined) {
      this.#failLocally(`a field section is over the ${limit} bytes that the peer takes`);
      return;
    }
    this.#sending = 'open';
    this.#connection.sendFieldSection(this.id, fields, end);
    if (end) this.#ended();
  }

  #ended(): void {
    this.#connection.unsent.add(this.id);
    this.#connection.answered();
    this.#sendingOver();
  }

  // It would fail again, so it is not called untouched. The proxy hears of it after its own call, unless it has given
  // the stream up itself by then.
  #failLocally(reason: string): void {
    const code = this.#connection.role === 'client' ? Code.H3_REQUEST_CANCELLED : Code.H3_INTERNAL_ERROR;
    const wasFailed = this.#receiving === 'failed';
    this.#abandon(code);
    queueMicrotask(() => {
      if (this.#isCancelled) return;
      if (wasFailed) this.#events?.onStopped(code);
      else this.#events?.onFailed(streamFailure('local', code, reason, false));
    });
  }

  #abandon(code: number): void {
    if (this.#sending !== 'over') this.resetSending(code);
    this.stopReceiving(code);
  }

  #sendingOver(): void {
    this.#sending = 'over';
    if (this.#receiving !== 'open') this.#connection.release(this.id);
  }

  #receivingOver(how: 'ended' | 'failed'): void {
    this.#receiving = how;
    if (this.#sending === 'over') this.#connection.release(this.id);
  }
}

// What carries the end of a message when nothing else does: a stream's end must not go alone (quic/port.ts), and this
// frame may stand anywhere in content, and in a tunnel (RFC 9114 §4.1, §4.4).
const EMPTY_DATA = encodeFrame(FrameType.DATA, new Uint8Array(0));

function streamFailure(
  source: 'local' | 'remote',
  code: number,
  reason: string,
  untouched: boolean,
): StreamFailure {
  return { source, scope: 'stream', code, reason, untouched };
}
