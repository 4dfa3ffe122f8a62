/** Sends the bytes of a case to the front and reads the answers, strictly. */
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** One final response. */
export interface Answer {
  readonly status: number;
  /** The tag of the request that the origin answered; empty when the answer is none of its. */
  readonly tag: string;
  /** Whether the program itself answered. */
  readonly isRefusal: boolean;
}

export interface SenderResult {
  readonly answers: readonly Answer[];
  readonly closed: boolean;
}

/** How the bytes are sent and until when answers are awaited. */
export interface Dispatch {
  readonly text: string;
  /** Where the bytes are cut into writes of their own. */
  readonly cuts: readonly number[];
  /** Methods of the requests, which say which answers have no content. */
  readonly methods: readonly string[];
  /** Whether the connection stays open when every request is answered: then this many answers are all. */
  readonly staysOpen: boolean;
  /** How long it may take, in ms. */
  readonly patience: number;
}

/** How long something may still come after all that was awaited, in ms. */
const GRACE = 30;

export async function dispatch(
  port: number,
  { text, cuts, methods, staysOpen, patience }: Dispatch,
): Promise<SenderResult> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.setEncoding('latin1');
  const reader = new AnswerReader(methods);
  const over = new Promise<boolean>((resolve) => {
    const settle = (): void => {
      if (staysOpen && reader.answers.length >= methods.length) setTimeout(resolve, GRACE, false);
    };
    socket.on('data', (part: string) => {
      reader.feed(part);
      settle();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      reader.end();
      resolve(true);
    });
    setTimeout(resolve, patience, false).unref();
    settle();
  });
  await write(socket, text, cuts);
  const closed = await over;
  socket.destroy();
  return { answers: reader.answers, closed };
}

async function write(socket: Socket, text: string, cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    socket.write(text.slice(from, cut), 'latin1');
    from = cut;
    if (cut < text.length) await setImmediate();
  }
}

/** More than any refusal has, in bytes. */
const MOST_CONTENT = 1000;

/** Reads responses one after the other. What is no response stands in the list with status 0. */
class AnswerReader {
  readonly answers: Answer[] = [];
  readonly #methods: readonly string[];
  #text = '';

  constructor(methods: readonly string[]) {
    this.#methods = methods;
  }

  feed(part: string): void {
    this.#text += part;
    while (!this.#text.startsWith('\0') && this.#next());
  }

  /** The connection is closed: a refusal of HEAD has no content, whatever its length says. */
  end(): void {
    const isHead = /^HTTP\/1\.1 [45][0-9][0-9] [\s\S]*\r\n\r\n$/.test(this.#text);
    if (isHead) this.feed('\0'.repeat(MOST_CONTENT));
  }

  #next(): boolean {
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (headEnd < 0) return false;
    const head = this.#text.slice(0, headEnd + 2);
    const status = Number(/^HTTP\/1\.1 ([1-5][0-9][0-9]) [^\r\n]*\r\n/.exec(head)?.[1] ?? 0);
    const end = status >= 200 ? this.#contentEnd(head, headEnd + 4) : headEnd + 4;
    if (end === undefined) return false;
    this.#text = this.#text.slice(end);
    if (status >= 100 && status < 200) return true;
    const isRefusal = /^Server: ptproxy/m.test(head);
    this.answers.push({ status, tag: /^X-Tag: (.*)\r$/m.exec(head)?.[1] ?? '', isRefusal });
    return status > 0;
  }

  #contentEnd(head: string, start: number): number | undefined {
    if (this.#methods[this.answers.length] === 'HEAD') return start;
    if (/^Transfer-Encoding: chunked\r$/m.test(head)) {
      const last = this.#text.indexOf('\r\n0\r\n\r\n', start - 2);
      return last < 0 ? undefined : last + 7;
    }
    const end = start + Number(/^Content-Length: ([0-9]+)\r$/m.exec(head)?.[1] ?? 0);
    return end <= this.#text.length ? end : undefined;
  }
}
