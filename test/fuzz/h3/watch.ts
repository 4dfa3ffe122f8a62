import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../../../src/h3/port.ts';
import type { Role } from '../../../src/quic/port.ts';
import type { Rules } from './rules.ts';

/** What happened on a request stream; a reaction of the input's may follow. */
export type Happening = 'interim' | 'headers' | 'data' | 'trailers' | 'end' | 'drain' | 'stopped' | 'failed';

/**
 * Hears one request stream, and sees that the events of `h3/port.ts` come in their order: interim responses, head,
 * content, trailers, then one end; or one failure; and nothing after that.
 */
export class Watch implements RequestStreamEvents {
  readonly role: Role;
  stream: RequestStream | undefined;
  /** Of the message that is received. */
  head: FieldLines | undefined;
  readonly interims: FieldLines[] = [];
  readonly content: Uint8Array[] = [];
  trailers: FieldLines | undefined;
  receiving: 'open' | 'ended' | 'failed' | 'given up' = 'open';
  /** `unknown`: receiving failed at the server, which may still answer or not. */
  sending: 'idle' | 'open' | 'ended' | 'over' | 'unknown' = 'idle';
  /** A field section was sent that is over the peer's limit: the stream fails for that, a turn later. */
  hasExceeded = false;
  /** Given up by its owner, both ways. */
  isCancelled = false;
  readonly #rules: Rules;
  readonly #tell: (watch: Watch, happening: Happening) => void;

  constructor(role: Role, rules: Rules, onEvent: (watch: Watch, happening: Happening) => void) {
    this.role = role;
    this.#rules = rules;
    this.#tell = onEvent;
  }

  get isSendingOver(): boolean {
    return this.sending === 'ended' || this.sending === 'over';
  }

  onInterim(fields: FieldLines): void {
    this.#rules.check(
      this.role === 'client' && this.head === undefined,
      'interim responses come before the head',
    );
    this.#receive('interim', () => this.interims.push(fields));
  }

  onHeaders(fields: FieldLines): void {
    this.#rules.check(this.role === 'client' && this.head === undefined, 'there is one head');
    this.#receive('headers', () => {
      this.head = fields;
    });
  }

  onData(chunk: Uint8Array): void {
    this.#rules.check(
      this.head !== undefined && this.trailers === undefined,
      'content comes between head and trailers',
    );
    this.#receive('data', () => this.content.push(chunk));
  }

  onTrailers(fields: FieldLines): void {
    this.#rules.check(
      this.head !== undefined && this.trailers === undefined,
      'trailers come once, behind the head',
    );
    this.#receive('trailers', () => {
      this.trailers = fields;
    });
  }

  onEnd(): void {
    this.#rules.check(this.head !== undefined, 'a message that has ended has a head');
    this.#receive('end', () => {
      this.receiving = 'ended';
    });
  }

  onDrain(): void {
    this.#rules.check(!this.isSendingOver, 'there is no drain where nothing more is sent');
    this.#onEvent('drain');
  }

  onStopped(): void {
    this.#rules.check(!this.isSendingOver || this.hasExceeded, 'sending that is over is not stopped');
    this.sending = 'over';
    this.#onEvent('stopped');
  }

  onFailed(failure: StreamFailure): void {
    // Who has heard enough may still be sending, and learns so that this is over.
    const mayComeLate = !this.isSendingOver || this.hasExceeded;
    const isNews = this.receiving === 'open' || (this.receiving !== 'failed' && mayComeLate);
    this.#rules.check(isNews, `no failure comes behind "${this.receiving}"`);
    this.#rules.check(failure.reason !== '', 'a failure has a reason');
    this.#rules.check(!failure.reason.startsWith('internal error'), 'there are no errors of our own');
    this.receiving = 'failed';
    const isOver = this.role === 'client' || failure.scope === 'connection';
    if (isOver) this.sending = 'over';
    else if (!this.isSendingOver) this.sending = 'unknown';
    this.#onEvent('failed');
  }

  #receive(happening: Happening, note: () => void): void {
    this.#rules.check(this.receiving === 'open', `no ${happening} comes behind "${this.receiving}"`);
    note();
    this.#onEvent(happening);
  }

  #onEvent(happening: Happening): void {
    this.#rules.check(!this.isCancelled, `no ${happening} comes behind cancel`);
    this.#tell(this, happening);
  }
}
