import { Code, isKnownCode } from '../../../src/h3/codes.ts';
import { fieldValue } from '../../../src/h3/field-lines.ts';
import { fieldSectionSize } from '../../../src/h3/fields.ts';
import type { SessionOptions } from '../../../src/h3/options.ts';
import type { FieldLines, Session } from '../../../src/h3/port.ts';
import { createSession } from '../../../src/h3/session.ts';
import type { Role } from '../../../src/quic/port.ts';
import type { Input } from '../input.ts';
import { check } from '../target.ts';
import type { Trace } from '../trace.ts';
import { FuzzQuic, type Wire } from './quic.ts';
import { Rules } from './rules.ts';
import { type Happening, Watch } from './watch.ts';

/** What may be done with a request stream. */
export const ACTIONS = [
  'head',
  'data',
  'large data',
  'end',
  'trailers',
  'cancel',
  'reset',
  'stop',
  'pause',
  'resume',
  'interim',
  'head and end',
  'oversized head',
] as const;

export type Action = (typeof ACTIONS)[number];

const TARGET = [':scheme', 'http', ':authority', 'a', ':path', '/'];
const REQUESTS: readonly FieldLines[] = [
  [':method', 'GET', ...TARGET, 'x-a', 'one'],
  [':method', 'POST', ...TARGET, 'x-b', 'another value', 'user-agent', 'fuzz'],
  [':method', 'HEAD', ...TARGET],
  [':method', 'CONNECT', ':protocol', 'websocket', ...TARGET],
];
const RESPONSES: readonly FieldLines[] = [
  [':status', '200', 'server', 'x', 'x-a', 'one'],
  [':status', '404', 'x-b', 'another value'],
  [':status', '204'],
];
const INTERIM: FieldLines = [':status', '103', 'link', '</a>'];
const TRAILERS: FieldLines = ['x-checksum', 'abc'];
const OVERSIZED: FieldLines = [':status', '200', ':method', 'GET', ...TARGET, 'x-long', 'v'.repeat(700)];

/** What one end has sent on a stream: what the other may be told, and nothing else. */
export interface Sent {
  head: FieldLines | undefined;
  readonly interims: FieldLines[];
  readonly content: Uint8Array[];
  trailers: FieldLines | undefined;
  ended: boolean;
}

/** One end of an HTTP/3 connection, whose owner does what the input says, at any moment that `h3/port.ts` allows. */
export class End {
  readonly quic: FuzzQuic;
  readonly session: Session;
  readonly watches: Watch[] = [];
  readonly sent = new Map<number, Sent>();
  readonly trace: Trace;
  closed = 0;
  readonly #rules = new Rules();
  readonly #reactions = new Map<Happening, Action>();
  #ready = 0;
  #goAways = 0;

  /** What the peer takes of a field section; no end that is told of more sends it. */
  peerLimit = Number.POSITIVE_INFINITY;

  constructor(role: Role, options: SessionOptions, wire: Wire, trace: Trace) {
    this.trace = trace;
    this.quic = new FuzzQuic(role, wire, this.#rules);
    const { session, quicEvents } = createSession(this.quic, options, {
      onReady: () => this.#rules.check(++this.#ready === 1 && this.closed === 0, 'a session is ready once'),
      onRequest: (stream, fields) => {
        this.#rules.check(role === 'server' && this.closed === 0, 'only servers get requests');
        const watch = this.#watch();
        watch.stream = stream;
        watch.head = fields;
        this.#happened(watch, 'headers');
        return watch;
      },
      onStreamsAvailable: () => this.#rules.check(this.closed === 0, 'no streams behind the end'),
      onGoAway: () => this.#rules.check(++this.#goAways === 1 && this.closed === 0, 'GOAWAY is told once'),
      onIdle: () => {},
      onClosed: () => this.#rules.check(++this.closed === 1, 'the end is told once'),
    });
    this.session = session;
    this.quic.events = quicEvents;
  }

  /** The connection is there. */
  start(): void {
    this.quic.allowed.unidirectional = 3;
    this.quic.events?.onStreamsAvailable();
  }

  /** No happening leads to anything any more. */
  calm(): void {
    this.#reactions.clear();
  }

  /** From now on, `happening` leads to `action` at once. */
  react(happening: Happening, action: Action): void {
    this.#reactions.set(happening, action);
  }

  /** Client: a request, if one is possible. */
  request(input: Input): void {
    const watch = this.#watch();
    const stream = this.session.request(watch);
    if (stream === undefined) {
      this.watches.pop();
      return;
    }
    watch.stream = stream;
    this.#head(watch, input.pick(REQUESTS), false);
  }

  /** Does something with the stream of the nth request. */
  act(nth: number, action: Action, input: Input): void {
    const watch = this.watches[nth % Math.max(1, this.watches.length)];
    if (watch !== undefined) this.#act(watch, action, input.byte());
  }

  /** What has to hold at any time. */
  checkRules(): void {
    this.#rules.conclude();
    for (const code of [...this.quic.closes, ...this.quic.codes]) {
      check(isKnownCode(code), 'codes are those of the RFCs');
      const mayBeOurs = this.quic.role === 'server' && this.watches.some(({ hasExceeded }) => hasExceeded);
      check(code !== Code.H3_INTERNAL_ERROR || mayBeOurs, 'there are no errors of our own');
    }
  }

  /** What has to hold when the connection is over, and all has been told. */
  checkOver(): void {
    this.checkRules();
    check(this.closed === 1, 'the end was told');
    check(this.session.inFlight === 0, 'no request stream is left');
    for (const { receiving } of this.watches) check(receiving !== 'open', 'every request had an end');
  }

  #watch(): Watch {
    const watch = new Watch(this.quic.role, this.#rules, (which, happening) =>
      this.#happened(which, happening),
    );
    this.watches.push(watch);
    return watch;
  }

  #happened(watch: Watch, happening: Happening): void {
    this.trace.say(happening);
    this.#rules.check(this.closed === 0, 'nothing happens behind the end of the connection');
    const action = this.#reactions.get(happening);
    if (action !== undefined) this.#act(watch, action, 0);
  }

  #act(watch: Watch, action: Action, size: number): void {
    const { stream } = watch;
    if (stream === undefined) return;
    this.trace.say(action);
    const actions: Record<Action, () => void> = {
      head: () => this.#answer(watch, false),
      'head and end': () => this.#answer(watch, true),
      'oversized head': () => this.#head(watch, OVERSIZED.slice(watch.role === 'client' ? 2 : 0), false),
      interim: () => this.#interim(watch),
      data: () => this.#data(watch, size),
      'large data': () => this.#data(watch, 5000),
      end: () => this.#end(watch, undefined),
      trailers: () => this.#end(watch, TRAILERS),
      cancel: () => {
        this.#giveUp(watch, true, true);
        watch.isCancelled = true;
        stream.cancel(Code.H3_REQUEST_CANCELLED);
      },
      reset: () => {
        this.#giveUp(watch, true, false);
        stream.resetSending(Code.H3_REQUEST_CANCELLED);
      },
      stop: () => {
        this.#giveUp(watch, false, true);
        stream.stopReceiving(Code.H3_NO_ERROR);
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
    actions[action]();
  }

  #giveUp(watch: Watch, sending: boolean, receiving: boolean): void {
    if (sending && watch.sending !== 'ended') watch.sending = 'over';
    if (receiving && watch.receiving === 'open') watch.receiving = 'given up';
  }

  #answer(watch: Watch, end: boolean): void {
    if (watch.role === 'server') this.#head(watch, RESPONSES[watch.content.length % 3] ?? [], end);
  }

  #head(watch: Watch, fields: FieldLines, end: boolean): void {
    if (watch.isSendingOver || watch.stream === undefined) return;
    const sent = this.#sentOf(watch);
    if (sent.head !== undefined) return;
    sent.head = fields;
    sent.ended = end;
    watch.hasExceeded ||= fieldSectionSize(fields) > this.peerLimit;
    if (watch.sending === 'idle') watch.sending = 'open';
    watch.stream.sendHeaders(fields, end);
    if (end && !watch.isSendingOver) watch.sending = 'ended';
  }

  #interim(watch: Watch): void {
    const sent = this.#sentOf(watch);
    if (watch.role === 'client' || watch.isSendingOver || sent.head !== undefined) return;
    if (sent.interims.length >= MOST_INTERIMS) return;
    watch.hasExceeded ||= fieldSectionSize(INTERIM) > this.peerLimit;
    sent.interims.push(INTERIM);
    watch.stream?.sendHeaders(INTERIM, false);
  }

  // Content says whose it is.
  #data(watch: Watch, size: number): void {
    const sent = this.#sentOf(watch);
    if (watch.isSendingOver || sent.head === undefined || isBare(watch, sent.head)) return;
    const chunk = Buffer.alloc(size, `${watch.stream?.id} ${watch.role} `);
    sent.content.push(Buffer.from(chunk));
    watch.stream?.sendData(chunk);
  }

  #end(watch: Watch, trailers: FieldLines | undefined): void {
    const sent = this.#sentOf(watch);
    if (watch.isSendingOver || sent.head === undefined) return;
    watch.hasExceeded ||= fieldSectionSize(trailers ?? []) > this.peerLimit;
    sent.trailers = isTunnel(watch, sent.head) ? undefined : trailers;
    sent.ended = true;
    watch.stream?.end(sent.trailers);
    if (!watch.isSendingOver) watch.sending = 'ended';
  }

  #sentOf(watch: Watch): Sent {
    const id = watch.stream?.id ?? -1;
    const known = this.sent.get(id);
    if (known !== undefined) return known;
    const fresh: Sent = { head: undefined, interims: [], content: [], trailers: undefined, ended: false };
    this.sent.set(id, fresh);
    return fresh;
  }
}

// More than a few would be refused.
const MOST_INTERIMS = 5;

const methodOf = (fields: FieldLines | undefined): string | undefined => fieldValue(fields ?? [], ':method');

// Responses without content (RFC 9110 §6.4.1).
function isBare(watch: Watch, head: FieldLines): boolean {
  return (
    watch.role === 'server' && (methodOf(watch.head) === 'HEAD' || fieldValue(head, ':status') === '204')
  );
}

// There are no trailers behind CONNECT (RFC 9114 §4.4).
function isTunnel(watch: Watch, head: FieldLines): boolean {
  return methodOf(watch.role === 'server' ? watch.head : head) === 'CONNECT';
}
