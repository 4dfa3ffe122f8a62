import type { IncomingMessage } from 'node:http';
import type { RequestStream } from '../h3/port.ts';
import type { KeptContent } from './kept-content.ts';

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
  readonly #kept: KeptContent | undefined;
  #stream: RequestStream | undefined;
  #listening = false;
  #ended = false;
  #held = false;

  /** `kept`: takes what is passed on, for another `start`. */
  constructor(message: IncomingMessage, events: IntakeEvents, kept?: KeptContent) {
    this.#message = message;
    this.#events = events;
    this.#kept = kept;
  }

  /** Whether the message waits for the stream, not for its own sender. */
  get held(): boolean {
    return this.#held;
  }

  /** Reads into `stream`: what is kept from the stream before, and then on from where `hold` stopped. */
  start(stream: RequestStream): void {
    this.#stream = stream;
    const hasRoom = this.#kept?.sendTo(stream) !== false;
    this.#listen();
    if (hasRoom) this.resume();
    else this.hold();
  }

  /** Waits for the next `start`. */
  hold(): void {
    this.#held = true;
    this.#message.pause();
  }

  /** The stream has room again. */
  resume(): void {
    this.#held = false;
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
    this.#kept?.add(chunk);
    if (!this.#stream.sendData(chunk)) this.hold();
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
