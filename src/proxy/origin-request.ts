import { LastFew } from '../bytes/last-few.ts';
import { isLasting } from '../bytes/lasting.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { Rejection } from './failures.ts';
import { fieldText } from './field-text.ts';
import { type Framing, type HopFields, hopLines, requestLines } from './fields.ts';
import type { OriginConnection } from './origin-connection.ts';

/** What a request asks for, as far as the gateway has to know. */
export interface OriginTarget {
  readonly method: string;
  readonly path: string;
}

/** Method and path of a request that can be sent to an HTTP/1.1 origin. Throws a Rejection when it cannot. */
export function originTarget(fields: FieldLines): OriginTarget {
  // Extended CONNECT is an HTTP/1.1 Upgrade, which only GET asks for here.
  const isUpgrade = fieldValue(fields, ':protocol') !== undefined;
  const method = isUpgrade ? 'GET' : (fieldValue(fields, ':method') ?? '');
  const path = fieldValue(fields, ':path') ?? '';
  const scheme = fieldValue(fields, ':scheme')?.toLowerCase();
  if (method === 'CONNECT') throw new Rejection(405, 'CONNECT is not allowed');
  if (scheme !== 'http' && scheme !== 'https') throw new Rejection(400, 'scheme neither http nor https');
  // Methods are case-sensitive (RFC 9110 §9.1), but not every origin knows that.
  if (method !== method.toUpperCase()) throw new Rejection(501, 'unknown method');
  return { method, path };
}

/** Method and path of a request as they go onto a connection, and what goes there before its content. */
export interface OriginRequestHead {
  readonly text: string;
  readonly isChunked: boolean;
}

/**
 * Makes the head of an HTTP/1.1 request; `target` is that of the fields. Throws a TypeError where it would not be one head:
 * see {@link fieldText}.
 */
export function requestHead(
  target: OriginTarget,
  fields: FieldLines,
  framing: Framing,
  hop: HopFields,
): OriginRequestHead {
  const { before, behind } = knownParts(target, fields, framing);
  const text = `${before}${fieldText(hopLines(hop, framing))}${behind}`;
  return { text, isChunked: framing === 'chunked' };
}

/** A head without what the hop says of the request, which stands in between. */
interface HeadParts {
  readonly framing: Framing;
  readonly before: string;
  readonly behind: string;
}

const heads = new LastFew<FieldLines, HeadParts>();

function knownParts(target: OriginTarget, fields: FieldLines, framing: Framing): HeadParts {
  const known = heads.find(fields);
  if (known?.framing === framing) return known;
  const parts = headParts(target, fields, framing);
  return isLasting(fields) ? heads.keep(fields, parts) : parts;
}

function headParts({ method, path }: OriginTarget, fields: FieldLines, framing: Framing): HeadParts {
  const headers = requestLines(fields, framing);
  if (!WORD.test(method) || !WORD.test(path))
    throw new TypeError('a request line with other than three words');
  const connection = namesConnection(headers) ? '' : 'Connection: keep-alive\r\n';
  const before = `${method} ${path} HTTP/1.1\r\n${fieldText(headers)}`;
  return { framing, before, behind: `${connection}\r\n` };
}

const WORD = /^[!-~\x80-\xff]+$/;

function namesConnection(headers: readonly string[]): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === 'Connection') return true;
  return false;
}

/** A request as it is written to a connection: the head goes out with what follows, in one piece where that can be. */
export class OriginRequest {
  readonly connection: OriginConnection;
  readonly #isChunked: boolean;
  /** The head, as long as it waits. */
  #head: string;

  constructor(connection: OriginConnection, head: OriginRequestHead) {
    this.connection = connection;
    this.#head = head.text;
    this.#isChunked = head.isChunked;
  }

  /** Sends the head without waiting for content. */
  flush(): void {
    if (this.#head !== '') this.connection.write(this.#takeHead());
  }

  /** `false`: wait until there is room. */
  write(chunk: Uint8Array): boolean {
    // As a chunk it would be the last one (RFC 9112 §7.1).
    if (chunk.length === 0) return true;
    if (!this.#isChunked) return this.#send(chunk);
    const size = `${this.#takeHead()}${chunk.length.toString(16)}\r\n`;
    return this.connection.writeAll([size, chunk, '\r\n']);
  }

  /** Ends the request: `last` is what is left of content of a known length, `trailers` are for a chunked one. */
  end(last: Uint8Array | undefined, trailers: readonly string[]): void {
    if (this.#isChunked) this.connection.write(`${this.#takeHead()}0\r\n${fieldText(trailers)}\r\n`);
    else if (last === undefined) this.flush();
    else this.#send(last);
  }

  #send(content: Uint8Array): boolean {
    if (this.#head === '') return this.connection.write(content);
    return this.connection.writeAll([this.#takeHead(), content]);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }
}

/** Whether requests with this method mostly have no content (RFC 9110 §9.3). */
export function isUsuallyBare(method: string): boolean {
  return BARE.has(method);
}

const BARE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);
