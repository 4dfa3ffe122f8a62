import type { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RequestStream } from '../h3/port.ts';

/** Who watches an HTTP/1.1 message being read. */
export interface IntakeEvents {
  /** Content came; called before it goes on. `false`: it shall not go on, and neither shall what follows. */
  onChunk(chunk: Uint8Array): boolean;
  /** All of the message is here and was passed on; the end, with its trailers, is the listener's to send. */
  onComplete(): void;
  /** It will never be complete: the connection went, or its framing is broken. */
  onBroken(): void;
}

/**
 * The content of an HTTP/1.1 message on its way into a request stream, chunk by chunk: the message is paused while the
 * stream has enough, and with it, through node:http, the socket.
 */
export class Intake {
  readonly #message: IncomingMessage;
  readonly #events: IntakeEvents;
  #stream: RequestStream | undefined;
  #listening = false;
  #ended = false;

  constructor(message: IncomingMessage, events: IntakeEvents) {
    this.#message = message;
    this.#events = events;
  }

  /** Reads into `stream`. */
  start(stream: RequestStream): void {
    this.#stream = stream;
    this.#listen();
    this.resume();
  }

  /** The stream has room again. */
  resume(): void {
    if (!this.#ended) this.#message.resume();
  }

  /** Reads on, so that what follows on the connection is reached, but passes nothing on. */
  discard(): void {
    this.#stream = undefined;
    this.#listen();
    this.resume();
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#message.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#message.on('end', () => this.#onEnd());
    this.#message.on('error', () => this.#onError());
  }

  #onData(chunk: Buffer): void {
    if (this.#stream === undefined || !this.#events.onChunk(chunk)) return;
    if (!this.#stream.sendData(chunk)) this.#message.pause();
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onComplete();
  }

  #onError(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onBroken();
  }
}
