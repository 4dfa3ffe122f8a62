/** HTTP/1.1 requests for tests, each on a connection of its own unless an agent is given. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as open,
} from 'node:http';
import { performance } from 'node:perf_hooks';
import { pipeline, type Readable } from 'node:stream';

export interface RequestOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Bytes are sent with their Content-Length, a stream is sent chunked unless `headers` declare its length. */
  readonly body?: Uint8Array | string | Readable;
  readonly agent?: Agent;
}

/** A response without its body. */
export interface Head {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
}

export interface Answer extends Head {
  readonly body: Buffer;
  readonly trailers: IncomingMessage['trailers'];
}

export interface HashedAnswer extends Head {
  readonly bytes: number;
  readonly sha256: string;
  /** From the call to the last byte, in ms. */
  readonly duration: number;
}

/** The whole response. Rejects when it is cut short. */
export async function fetchWhole(options: RequestOptions): Promise<Answer> {
  const response = await respond(options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { ...headOf(response), body: Buffer.concat(chunks), trailers: response.trailers };
}

/** Length and hash of the response's body, which is never in memory as a whole. Rejects when it is cut short. */
export async function fetchHashed(options: RequestOptions): Promise<HashedAnswer> {
  const start = performance.now();
  const response = await respond(options);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return {
    ...headOf(response),
    bytes,
    sha256: hash.digest('hex'),
    duration: performance.now() - start,
  };
}

/** Sends the request and resolves with the response's head, its body still to be read. */
export async function respond(options: RequestOptions): Promise<IncomingMessage> {
  const request = send(options);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Sends the request, for tests that act on it while it is under way. */
export function send(options: RequestOptions): ClientRequest {
  const {
    host = '127.0.0.1',
    port,
    path = '/',
    method = options.body === undefined ? 'GET' : 'POST',
    agent,
  } = options;
  const { body, headers } = options;
  const request = open({
    host,
    port,
    path,
    method,
    headers: headers ?? {},
    agent: agent ?? false,
  });
  // An error after the response shows there; one before rejects whoever waits for the response.
  request.on('error', () => undefined);
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) request.end(body);
  else pipeline(body, request, () => undefined);
  return request;
}

function headOf(response: IncomingMessage): Head {
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
  };
}
