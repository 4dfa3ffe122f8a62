import { randomBytes } from 'node:crypto';
import type { FieldLines } from '../h3/port.ts';
import type { Carrier } from './tunnel.ts';

/*
 * Both ends know a request by one name that costs no byte between them: the connection's tag, which each derives from
 * the server's connection ID, and the number of the request's stream. A name that the application gave is kept, and
 * travels as the field that it is.
 */

/** The field that carries a request's name, in lower case. */
export const REQUEST_ID = 'x-request-id';

/** The name of the request on stream `id` of a connection, e.g. `0k3vq8fm-1c`. */
export function carriedRequestId(carrier: Carrier, id: number): string {
  return `${carrier.tag}-${Math.floor(id / STREAMS_A_REQUEST).toString(36)}`;
}

// Of four consecutive stream identifiers one is a client's and bidirectional (RFC 9000 §2.1).
const STREAMS_A_REQUEST = 4;

/** The name of a request that has not come as far as to a stream: it means something to this process alone. */
export function localRequestId(): string {
  counter = (counter + 1) % 0x1_0000_0000;
  return `${PROCESS}-${counter.toString(36)}`;
}

const PROCESS = randomBytes(4).toString('hex');
let counter = 0;

/** Whether somebody else's name for a request can be taken over: it stands in log lines and responses. */
export function isRequestId(value: string): boolean {
  return WELL_FORMED.test(value);
}

// A token (RFC 9110 §5.6.2) of at most 128 characters.
const WELL_FORMED = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;

/** The name that a request brings with it, whatever the case of its fields: the first one that is well-formed. */
export function givenRequestId(fields: FieldLines): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name.length !== REQUEST_ID.length || name.toLowerCase() !== REQUEST_ID) continue;
    const value = fields[at + 1] as string;
    if (isRequestId(value)) return value;
  }
  return undefined;
}
