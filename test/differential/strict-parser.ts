/**
 * A parser of HTTP/1.1 requests that keeps to RFC 9112 to the letter, independent of any other: what it does not
 * accept is wrong. Text holds one byte a character.
 */

/** How the content of a message is delimited (RFC 9112 §6). */
export type Framing = 'none' | 'length' | 'chunked';

/** Name and value, as they came. */
export type Field = readonly [name: string, value: string];

export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  readonly body: string;
  readonly trailers: readonly Field[];
  /** What a recipient may either take, in the sense given here, or refuse. */
  readonly doubts: readonly string[];
}

export type Parsed =
  | { readonly kind: 'request'; readonly request: StrictRequest; readonly end: number }
  /** It could still become a request. */
  | { readonly kind: 'more' }
  | { readonly kind: 'wrong'; readonly reason: string };

/** The request that begins at `start`. */
export function parseRequest(text: string, start: number): Parsed {
  try {
    const reader = new RequestReader(text, start);
    return { kind: 'request', request: reader.read(), end: reader.at };
  } catch (error) {
    if (error === MORE) return { kind: 'more' };
    if (error instanceof Wrong) return { kind: 'wrong', reason: error.message };
    throw error;
  }
}

/** The values of a field, in order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
}

/** The elements of list-valued fields, trimmed, in lower case (RFC 9110 §5.6.1). */
export function elementsOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name).flatMap((value) => value.split(',').map((part) => trim(part).toLowerCase()));
}

/** Without the white space that may stand around a value (RFC 9110 §5.6.3). */
export const trim = (text: string): string => text.replace(/^[\t ]+|[\t ]+$/g, '');

const MORE = Symbol('more');

class Wrong extends Error {
  override readonly name = 'Wrong';
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN})( +)([!-~]+)( +)(HTTP|RTSP|ICE)/([0-9])\\.([0-9])$`);
const FIELD_LINE = new RegExp(`^(${TOKEN}):[\\t ]*([\\t -~\\x80-\\xff]*)$`);
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const EXTENSION = new RegExp(`^(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`);
const CHUNK_LINE = /^([0-9A-Fa-f]+)((?:[\t ]*;[\t -~\x80-\xff]*)?)$/;
const TAB_BEHIND = /^(?:content-length|transfer-encoding):.*\t[\t ]*$/i;
const LAST_LENGTH = 2n ** 63n;

class RequestReader {
  at: number;
  readonly #text: string;
  readonly #doubts: string[] = [];

  constructor(text: string, start: number) {
    this.#text = text;
    this.at = start;
  }

  read(): StrictRequest {
    this.#skipEmptyLines();
    const end = this.#text.indexOf('\r\n\r\n', this.at);
    if (end < 0) throw MORE;
    const [line = '', ...lines] = this.#text.slice(this.at, end).split('\r\n');
    this.at = end + 4;
    const { method, target, minor } = this.#requestLine(line);
    const fields = lines.map(fieldLine);
    if (lines.some((each) => TAB_BEHIND.test(each))) this.#doubts.push('tab behind a value that frames');
    const framing = this.#framing(fields, minor);
    const { body, trailers } = this.#content(framing, fields);
    return { method, target, minor, fields, framing, body, trailers, doubts: this.#doubts };
  }

  // RFC 9112 §2.2.
  #skipEmptyLines(): void {
    const before = this.at;
    while (this.#text[this.at] === '\r' || this.#text[this.at] === '\n') this.at++;
    if (this.at > before) this.#doubts.push('line ends before the request line');
  }

  #requestLine(line: string): { method: string; target: string; minor: number } {
    const match = REQUEST_LINE.exec(line);
    if (match === null) throw new Wrong('request line');
    const [, method = '', before, target = '', behind, protocol, major, minor] = match;
    if (before !== ' ' || behind !== ' ') this.#doubts.push('more than one space in the request line');
    if (protocol !== 'HTTP') this.#doubts.push('protocol that looks like HTTP');
    if (major !== '1') throw new Wrong('version');
    if (Number(minor) > 1) this.#doubts.push('minor version');
    return { method, target, minor: Number(minor) };
  }

  // RFC 9112 §6.3, and what the tables of the design refuse beyond.
  #framing(fields: readonly Field[], minor: number): Framing {
    const lengths = valuesOf(fields, 'content-length');
    const codings = valuesOf(fields, 'transfer-encoding');
    if (codings.length > 0) {
      if (lengths.length > 0) throw new Wrong('Content-Length with Transfer-Encoding');
      if (minor === 0) throw new Wrong('Transfer-Encoding in HTTP/1.0');
      if (codings.join().toLowerCase() !== 'chunked') throw new Wrong('Transfer-Encoding');
      return 'chunked';
    }
    if (lengths.length > 1) throw new Wrong('Content-Length twice');
    const [length] = lengths;
    if (length === undefined) return 'none';
    if (!/^[0-9]+$/.test(length) || BigInt(length) >= LAST_LENGTH) throw new Wrong('Content-Length');
    if (length.length > 15) this.#doubts.push('many digits in Content-Length');
    return 'length';
  }

  #content(framing: Framing, fields: readonly Field[]): { body: string; trailers: Field[] } {
    if (framing === 'chunked') return this.#chunks();
    const length = framing === 'none' ? 0 : Number(valuesOf(fields, 'content-length')[0]);
    return { body: this.#take(length), trailers: [] };
  }

  // RFC 9112 §7.1.
  #chunks(): { body: string; trailers: Field[] } {
    let body = '';
    for (;;) {
      const [, size = '', extension = ''] = CHUNK_LINE.exec(this.#line()) ?? wrong('chunk size');
      if (!EXTENSION.test(extension)) this.#doubts.push('form of a chunk extension');
      const length = Number.parseInt(size, 16);
      if (length === 0) return { body, trailers: this.#trailers() };
      body += this.#take(length);
      if (this.#take(2) !== '\r\n') throw new Wrong('line end behind a chunk');
    }
  }

  #trailers(): Field[] {
    const trailers: Field[] = [];
    for (let line = this.#line(); line !== ''; line = this.#line()) trailers.push(fieldLine(line));
    return trailers;
  }

  #line(): string {
    const end = this.#text.indexOf('\r\n', this.at);
    const line = this.#text.slice(this.at, end < 0 ? undefined : end);
    if (line.includes('\n')) throw new Wrong('bare LF');
    if (end < 0) throw MORE;
    this.at = end + 2;
    return line;
  }

  #take(length: number): string {
    if (length > this.#text.length - this.at) throw MORE;
    this.at += length;
    return this.#text.slice(this.at - length, this.at);
  }
}

function fieldLine(line: string): Field {
  const [, name = '', value = ''] = FIELD_LINE.exec(line) ?? wrong('field line');
  return [name, trim(value)];
}

function wrong(reason: string): never {
  throw new Wrong(reason);
}
