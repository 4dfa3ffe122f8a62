import type { Socket as DatagramSocket } from 'node:dgram';
import type { Socket } from 'node:net';

/**
 * The file descriptor of a bound UDP socket. Node shows it nowhere, and has kept it in the same place for years; `undefined` when it
 * is not there, or the socket is closed.
 */
export function datagramDescriptor(socket: DatagramSocket): number | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  const state: unknown = symbol === undefined ? undefined : Reflect.get(socket, symbol);
  return descriptorOf(property(state, 'handle'));
}

/** The file descriptor of a connected TCP or Unix socket, as {@link datagramDescriptor}. */
export function streamDescriptor(socket: Socket): number | undefined {
  return descriptorOf(property(socket, '_handle'));
}

function descriptorOf(handle: unknown): number | undefined {
  const descriptor = property(handle, 'fd');
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}

function property(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}
