import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** Bytes held for a socket each way before its other side is paused. */
export const SOCKET_BUFFER = 65_536;

/**
 * All connections read into the same bytes, one after the other: what is wanted of them is copied out, which is cheaper than
 * memory of their own for each read, and for thousands of connections that wait.
 */
export const READ_BUFFER: Buffer = Buffer.allocUnsafeSlow(SOCKET_BUFFER);

/**
 * Has an accepted socket read into {@link READ_BUFFER}: `take` gets what came, in memory that is used again as soon as it returns.
 * Otherwise each read takes 64 KB from the allocator and gives nearly all of them back, which is 3 µs of the 40 that a small
 * request takes. `net.connect` has an option for that (`onread`); for a socket that was accepted, Node keeps what the option
 * sets where nothing is documented. Where that is not found, the memory comes from Node as ever.
 *
 * Gives what ends it: from then on the socket emits what comes as any other does.
 */
export function readShared(socket: Socket, take: (bytes: Buffer) => void): () => void {
  const onRead = readerOf(socket);
  if (onRead === undefined) {
    socket.on('data', take);
    return () => socket.off('data', take);
  }
  onRead((length) => {
    take(READ_BUFFER.subarray(0, length));
    return true;
  });
  return () => onRead((length) => socket.push(Buffer.from(READ_BUFFER.subarray(0, length))));
}

/** Called with the number of bytes that were read; `false` pauses the socket. */
type OnRead = (length: number) => boolean;

/** What net.Socket keeps the two members of `onread` under. */
const BUFFER = 'kBuffer';
const CALLBACK = 'kBufferCb';

/** Has the socket read into the buffer, and gives what sets who is called. `undefined`: this Node has no such place. */
function readerOf(socket: Socket): ((onRead: OnRead) => void) | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const buffer = symbolOf(socket, BUFFER);
  const callback = symbolOf(socket, CALLBACK);
  if (buffer === undefined || callback === undefined || !takesBuffer(handle)) return undefined;
  handle.useUserBuffer(READ_BUFFER);
  Reflect.set(socket, buffer, READ_BUFFER);
  return (onRead) => {
    Reflect.set(socket, callback, onRead);
  };
}

function symbolOf(socket: Socket, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find(({ description }) => description === name);
}

function takesBuffer(handle: unknown): handle is { useUserBuffer(buffer: Buffer): void } {
  if (typeof handle !== 'object' || handle === null) return false;
  return typeof Reflect.get(handle, 'useUserBuffer') === 'function';
}
