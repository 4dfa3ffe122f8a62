import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** Bytes held for a socket each way before its other side is paused. */
export const SOCKET_BUFFER = 65_536;

/**
 * Connections read into the same bytes, one after the other: what is wanted of them is copied out, which is cheaper than memory of
 * their own for each read, and for thousands of connections that wait.
 */
export const READ_BUFFER: Buffer = Buffer.allocUnsafeSlow(SOCKET_BUFFER);

/** Whether the memory of `bytes` is used again. */
export function isShared(bytes: Buffer): boolean {
  return bytes.buffer === READ_BUFFER.buffer;
}

/** What of `bytes` may be kept: a copy, if their memory is used again. */
export function ownedBytes(bytes: Buffer): Buffer {
  return isShared(bytes) ? Buffer.from(bytes) : bytes;
}

/**
 * How the bytes of an accepted socket come: in memory from Node, or from {@link SharedReading.share} on in {@link READ_BUFFER}, which
 * is used again as soon as they were taken. For each read Node takes 64 KB from the allocator and gives back what was not needed,
 * which is 3 µs of the 40 that a small request takes; large pieces are better left where they are, for the copy costs as much.
 *
 * `net.connect` has an option for the one (`onread`); for a socket that was accepted, Node keeps what the option sets where nothing
 * is documented. Where that is not found, all memory comes from Node.
 */
export class SharedReading {
  readonly #socket: Socket;
  readonly #take: (bytes: Buffer) => void;
  /** Sets who is called; `undefined` before it was looked for, `null`: this Node has no such place. */
  #onRead: ((onRead: OnRead) => void) | null | undefined;

  constructor(socket: Socket, take: (bytes: Buffer) => void) {
    this.#socket = socket;
    this.#take = take;
    socket.on('data', take);
  }

  /** Small pieces are expected. */
  share(): void {
    const socket = this.#socket;
    if (this.#onRead !== undefined || socket.isPaused() || socket.readableLength > 0) return;
    this.#onRead = readerOf(socket);
    if (this.#onRead === null) return;
    socket.off('data', this.#take);
    this.#onRead((length) => {
      this.#take(READ_BUFFER.subarray(0, length));
      return true;
    });
  }

  /** Takes no more: what comes is for whoever listens to the socket's 'data', in memory of its own. */
  leave(): void {
    const socket = this.#socket;
    socket.off('data', this.#take);
    this.#onRead?.((length) => socket.push(Buffer.from(READ_BUFFER.subarray(0, length))));
  }
}

/** Called with the number of bytes that were read; `false` pauses the socket. */
type OnRead = (length: number) => boolean;

/** What net.Socket keeps the two members of `onread` under. */
const BUFFER = 'kBuffer';
const CALLBACK = 'kBufferCb';

/** Has the socket read into the buffer, and gives what sets who is called. `null`: this Node has no such place. */
function readerOf(socket: Socket): ((onRead: OnRead) => void) | null {
  const handle: unknown = Reflect.get(socket, '_handle');
  const buffer = symbolOf(socket, BUFFER);
  const callback = symbolOf(socket, CALLBACK);
  if (buffer === undefined || callback === undefined || !takesBuffer(handle)) return null;
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
