/** aioquic as one end of HTTP/3, driven by commands and heard by its events (`aioquic_peer.py`). */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { IdentityFiles } from '../support/certificates.ts';
import { PYTHON } from './requirement.ts';

const SCRIPT = fileURLToPath(new URL('aioquic_peer.py', import.meta.url));

/** How long an event may take, in ms. */
const PATIENCE = 15_000;

/** Name and value, as on the wire. */
export type Line = readonly [string, string];

/** What happened: its name, and what the script says of it. */
export interface PeerEvent {
  readonly event: string;
  readonly connection?: number;
  readonly stream?: number;
  readonly port?: number;
  readonly headers?: readonly Line[];
  readonly certificate?: readonly string[];
  readonly settings?: Readonly<Record<string, number>>;
  readonly code?: number;
  readonly kind?: string;
  readonly reason?: string;
  readonly id?: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly text?: string | null;
}

/** A request or response that has arrived whole. */
export interface Message {
  /** Field sections in order: interim heads, the head, trailers. */
  readonly sections: readonly (readonly Line[])[];
  readonly bytes: number;
  readonly sha256: string;
  /** The content, when it is short. */
  readonly text: string;
}

/** The process. It may have several connections, numbered from 1. */
export class Aioquic {
  readonly events: PeerEvent[] = [];
  readonly #child: ChildProcess;
  readonly #news = new EventEmitter().setMaxListeners(0);
  readonly #closed: Promise<void>;
  #complaints = '';
  #ended = false;

  static client(): Aioquic {
    return new Aioquic(['client']);
  }

  /** Resolves with the UDP port when it listens. */
  static async server(identity: IdentityFiles): Promise<{ aioquic: Aioquic; port: number }> {
    const aioquic = new Aioquic(['server', identity.cert, identity.key]);
    const { port = 0 } = await aioquic.event('listening');
    return { aioquic, port };
  }

  private constructor(args: readonly string[]) {
    this.#child = spawn(PYTHON, [SCRIPT, ...args], { stdio: 'pipe' });
    this.#child.stderr?.on('data', (text) => {
      this.#complaints += text;
    });
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout !== null) createInterface({ input: this.#child.stdout }).on('line', this.#hear);
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#ended = true;
        this.#news.emit('news');
        resolve();
      });
    });
  }

  /** The `nth` connection from now on, or one that still has to come. */
  connection(number: number): AioquicConnection {
    return new AioquicConnection(this, number);
  }

  command(command: Readonly<Record<string, unknown>>): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** The first event of that name that has these details, past or to come. */
  event(name: string, details: Partial<PeerEvent> = {}): Promise<PeerEvent> {
    const what = `${name} ${JSON.stringify(details)}`;
    return this.find(what, (event) => fits(event, name, details), details.connection);
  }

  /**
   * The first event that the predicate takes. Rejects when time runs out, the process ends or the connection is
   * closed before, with what came.
   */
  async find(
    what: string,
    predicate: (event: PeerEvent) => boolean,
    connection?: number,
  ): Promise<PeerEvent> {
    const deadline = performance.now() + PATIENCE;
    for (let next = 0; ; next++) {
      while (next >= this.events.length) await this.#another(what, deadline);
      const event = this.events[next] as PeerEvent;
      if (predicate(event)) return event;
      if (connection !== undefined && fits(event, 'closed', { connection })) {
        throw this.#missed(what, 'the connection is closed');
      }
    }
  }

  /** Ends the process with its standard input. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#closed;
    clearTimeout(timer);
  }

  readonly #hear = (line: string): void => {
    this.events.push(JSON.parse(line) as PeerEvent);
    this.#news.emit('news');
  };

  #missed(what: string, why: string): Error {
    const heard = this.events.slice(-20).map((event) => JSON.stringify(event));
    return new Error(`no event "${what}": ${why}\n${heard.join('\n')}\n${this.#complaints}`);
  }

  /** Resolves when there is a new event. */
  async #another(what: string, deadline: number): Promise<void> {
    const left = deadline - performance.now();
    if (this.#ended) throw this.#missed(what, 'aioquic has ended');
    if (left <= 0) throw this.#missed(what, `${PATIENCE} ms are over`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#news.once('news', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** One connection. As a client, streams are numbered here: RFC 9000 §2.1 leaves no choice. */
export class AioquicConnection {
  readonly #peer: Aioquic;
  readonly #number: number;
  #nextRequest = 0;

  constructor(peer: Aioquic, number: number) {
    this.#peer = peer;
    this.#number = number;
  }

  /** A stream for the next request of a client. */
  nextStream(): number {
    const stream = this.#nextRequest;
    this.#nextRequest += 4;
    return stream;
  }

  /** Sends a field section. */
  headers(stream: number, headers: readonly Line[], end = false): void {
    this.#do('headers', { stream, headers, end });
  }

  /** Sends `size` bytes of the pattern that `seed` gives. */
  data(stream: number, size: number, end = false, seed = 0): void {
    this.#do('data', { stream, size, seed, end });
  }

  text(stream: number, text: string, end = false): void {
    this.#do('text', { stream, text, end });
  }

  /** Sends bytes outside of HTTP/3's rules; a stream that does not exist yet is opened. */
  raw(stream: number, bytes: Uint8Array, end = false): void {
    this.#do('raw', { stream, hex: Buffer.from(bytes).toString('hex'), end });
  }

  reset(stream: number, code: number): void {
    this.#do('reset', { stream, code });
  }

  stopSending(stream: number, code: number): void {
    this.#do('stop', { stream, code });
  }

  goAway(id: number): void {
    this.#do('goaway', { id });
  }

  close(code: number, reason: string): void {
    this.#do('end', { code, reason });
  }

  event(name: string, details: Partial<PeerEvent> = {}): Promise<PeerEvent> {
    return this.#peer.event(name, { ...details, connection: this.#number });
  }

  /** Server: the stream on which `path` is asked for, and the request's head. */
  async request(path: string): Promise<{ stream: number; headers: readonly Line[] }> {
    const connection = this.#number;
    const asks = (event: PeerEvent) =>
      fits(event, 'headers', { connection }) && field(event.headers, ':path') === path;
    const { stream = -1, headers = [] } = await this.#peer.find(`request for ${path}`, asks, connection);
    return { stream, headers };
  }

  /** The whole message on a stream. */
  async message(stream: number): Promise<Message> {
    const { bytes = -1, sha256 = '', text } = await this.event('end', { stream });
    const details = { connection: this.#number, stream };
    const own = this.#peer.events.filter((event) => fits(event, 'headers', details));
    return { sections: own.map(({ headers = [] }) => headers), bytes, sha256, text: text ?? '' };
  }

  /** Bytes of QPACK's encoder stream so far. */
  async encoderBytes(): Promise<number> {
    this.#do('encoder', {});
    return (await this.event('encoder')).bytes ?? -1;
  }

  #do(name: string, details: Readonly<Record<string, unknown>>): void {
    this.#peer.command({ do: name, connection: this.#number, ...details });
  }
}

/** The value of the first line of that name. */
export function field(lines: readonly Line[] | undefined, name: string): string | undefined {
  return lines?.find((line) => line[0] === name)?.[1];
}

function fits(event: PeerEvent, name: string, details: Partial<PeerEvent>): boolean {
  if (event.event !== name) return false;
  return Object.entries(details).every(([key, value]) => event[key as keyof PeerEvent] === value);
}
