import { MemoryLink } from './memory-link.fixture.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, Session } from './port.ts';
import { GET, OPTIONS, RecordingEvents } from './recording-quic.fixture.ts';
import { createSession } from './session.ts';

/** A client and a server session, back to back. */
export class Pair {
  readonly link = new MemoryLink();
  readonly log = { client: [] as string[], server: [] as string[] };
  readonly client: Session;
  readonly server: Session;
  /** The requests that reached the server, in order. */
  readonly accepted: { stream: RequestStream; events: RecordingEvents }[] = [];
  /** What the server does with a request; by default it only writes down what happens. */
  serve: (stream: RequestStream, fields: FieldLines) => RequestStreamEvents = (stream) => this.record(stream);

  /** `prepare` may change the link before the sessions see it. */
  constructor(prepare: (link: MemoryLink) => void = () => {}) {
    prepare(this.link);
    this.client = this.#connect('client');
    this.server = this.#connect('server');
  }

  static async ready(): Promise<Pair> {
    const pair = new Pair();
    await pair.link.settle();
    return pair;
  }

  record(stream: RequestStream): RecordingEvents {
    const events = new RecordingEvents();
    this.accepted.push({ stream, events });
    return events;
  }

  request(fields: FieldLines, end: boolean) {
    const events = new RecordingEvents();
    const stream = this.client.request(events);
    if (stream === undefined) throw new Error('no request possible');
    stream.sendHeaders(fields, end);
    return { stream, events };
  }

  /** Sends a request and gives both ends of it, once the server has it. */
  async exchange(fields: FieldLines = GET, end = true) {
    const ours = this.request(fields, end);
    await this.link.settle();
    const theirs = this.accepted.at(-1);
    if (theirs === undefined) throw new Error('the request did not arrive');
    return { ours, theirs };
  }

  #connect(end: 'client' | 'server'): Session {
    const log = this.log[end];
    const { session, quicEvents } = createSession(this.link[end], OPTIONS, {
      onReady: () => log.push('ready'),
      onRequest: (stream, fields) => this.serve(stream, fields),
      onStreamsAvailable: () => log.push('streams available'),
      onGoAway: () => log.push('go away'),
      onIdle: () => {},
      onClosed: (close) => log.push(`closed ${close.source} 0x${close.code.toString(16)}`),
    });
    this.link[end].events = quicEvents;
    return session;
  }
}
