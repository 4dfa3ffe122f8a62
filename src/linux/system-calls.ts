import { Buffer } from 'node:buffer';
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
  /** malloc_trim(3): gives the system back what the allocator has to spare, but for what is at the end of a thread's memory. */
  trim(): void;
  /**
   * mallopt(3): how much that is free the allocator may keep at the end of each thread's memory, bytes. Left to itself it keeps up
   * to twice the largest piece that was ever given back.
   */
  keepFree(bytes: number): void;
  /** io_setup(2): a context for `count` operations at once, `undefined` where the system grants none. */
  openContext(count: number): number | undefined;
  /** io_submit(2): begins the operations that `pointers` point to. Returns how many it took, below 0 when it took none. */
  submit(context: number, count: number, pointers: Buffer): number;
  /** io_getevents(2), without waiting: writes what became of operations to `events`. Returns how many those are. */
  events(context: number, count: number, events: Buffer): number;
}

/** Whether `struct mmsghdr` and `struct iocb` are laid out as they are written here: 64 bits, the least byte first. */
const SUPPORTED =
  process.platform === 'linux' && endianness() === 'LE' && ['x64', 'arm64', 'riscv64'].includes(process.arch);

const DONT_WAIT = 0x40;

const M_TRIM_THRESHOLD = -1;

/** Calls that the C library has no function for, by their numbers: those of x86-64, and those of all later architectures. */
const NUMBERS =
  process.arch === 'x64'
    ? { io_setup: 206, io_getevents: 208, io_submit: 209 }
    : { io_setup: 0, io_getevents: 4, io_submit: 2 };

let loaded: SystemCalls | undefined;
let loading: Promise<SystemCalls | undefined> | undefined;

/** `undefined` where there are none. Rejects when the optional package that makes system calls cannot be loaded. */
export function loadSystemCalls(): Promise<SystemCalls | undefined> {
  loading ??= load();
  return loading;
}

/** Those that somebody has loaded: for whom they are no reason to do so. */
export function loadedSystemCalls(): SystemCalls | undefined {
  return loaded;
}

async function load(): Promise<SystemCalls | undefined> {
  if (!SUPPORTED) return undefined;
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const sendmmsg = library.func('int sendmmsg(int, void *, unsigned int, int)');
  const recvmmsg = library.func('int recvmmsg(int, void *, unsigned int, int, void *)');
  loaded = {
    ...operations(library),
    ...allocator(library),
    addressOf: (memory) => Number(koffi.address(memory)),
    send: (descriptor, headers, count) => {
      const sent: number = sendmmsg(descriptor, headers, count, DONT_WAIT);
      return sent < 0 ? getSystemErrorName(-koffi.errno()) : sent;
    },
    receive: (descriptor, headers, count) => {
      const received: number = recvmmsg(descriptor, headers, count, DONT_WAIT, null);
      return received < 0 ? getSystemErrorName(-koffi.errno()) : received;
    },
  };
  return loaded;
}

/** Asynchronous I/O of the kernel's own. */
function operations(library: LibraryHandle): Pick<SystemCalls, 'openContext' | 'submit' | 'events'> {
  const setup = library.func('syscall', 'long', ['long', 'long', 'void *']);
  const submit = library.func('syscall', 'long', ['long', 'long', 'long', 'void *']);
  const getEvents = library.func('syscall', 'long', ['long', 'long', 'long', 'long', 'void *', 'void *']);
  return {
    openContext: (count) => {
      const context = Buffer.alloc(8);
      return setup(NUMBERS.io_setup, count, context) === 0 ? Number(context.readBigUInt64LE()) : undefined;
    },
    submit: (context, count, pointers) => submit(NUMBERS.io_submit, context, count, pointers),
    events: (context, count, events) => getEvents(NUMBERS.io_getevents, context, 0, count, events, null),
  };
}

/** Only the GNU C library has these. */
function allocator(library: LibraryHandle): Pick<SystemCalls, 'keepFree' | 'trim'> {
  try {
    const mallopt = library.func('int mallopt(int, int)');
    const trim = library.func('int malloc_trim(size_t)');
    return { keepFree: (bytes) => void mallopt(M_TRIM_THRESHOLD, bytes), trim: () => void trim(0) };
  } catch {
    return { keepFree: () => {}, trim: () => {} };
  }
}
