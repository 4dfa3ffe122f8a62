import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:dgram';
import { endianness } from 'node:os';
import process from 'node:process';
import { getSystemErrorName } from 'node:util';
import type { LibraryHandle } from 'koffi';

/**
 * What Node does not have of the system. It needs 5 µs to send a datagram and 4 to receive one; the calls that move many at
 * once, half a microsecond each.
 */
export interface SystemCalls {
  /** Where `memory` is; it must not be collected while the address is in use. */
  addressOf(memory: Buffer): number;
  /** sendmmsg(2): how many messages were sent, or the name of an error (`EAGAIN`, …) if none was. */
  send(descriptor: number, headers: Buffer, count: number): number | string;
  /** recvmmsg(2): how many messages were received, or the name of an error. */
  receive(descriptor: number, headers: Buffer, count: number): number | string;
  /** malloc_trim(3): gives the system back what the allocator has to spare. */
  trim(): void;
}

/** Whether `struct mmsghdr` is laid out as {@link MessageHeaders} writes it. */
const SUPPORTED =
  process.platform === 'linux' && endianness() === 'LE' && ['x64', 'arm64', 'riscv64'].includes(process.arch);

const DONT_WAIT = 0x40;

let loading: Promise<SystemCalls | undefined> | undefined;

/** `undefined` where there are none. Rejects when the optional package that makes system calls cannot be loaded. */
export function loadSystemCalls(): Promise<SystemCalls | undefined> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SystemCalls | undefined> {
  if (!SUPPORTED) return undefined;
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const sendmmsg = library.func('int sendmmsg(int, void *, unsigned int, int)');
  const recvmmsg = library.func('int recvmmsg(int, void *, unsigned int, int, void *)');
  const trim = trimmer(library);
  return {
    addressOf: (memory) => Number(koffi.address(memory)),
    send: (descriptor, headers, count) => {
      const sent: number = sendmmsg(descriptor, headers, count, DONT_WAIT);
      return sent < 0 ? getSystemErrorName(-koffi.errno()) : sent;
    },
    receive: (descriptor, headers, count) => {
      const received: number = recvmmsg(descriptor, headers, count, DONT_WAIT, null);
      return received < 0 ? getSystemErrorName(-koffi.errno()) : received;
    },
    trim,
  };
}

/** Only the GNU C library has it. */
function trimmer(library: LibraryHandle): () => void {
  try {
    const trim = library.func('int malloc_trim(size_t)');
    return () => void trim(0);
  } catch {
    return () => {};
  }
}

/**
 * The file descriptor of a bound socket. Node shows it nowhere, and has kept it in the same place for years; `undefined` when it
 * is not there, or the socket is closed.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  const state: unknown = symbol === undefined ? undefined : Reflect.get(socket, symbol);
  const handle = property(state, 'handle');
  const descriptor = property(handle, 'fd');
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}

function property(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}
