/**
 * HTTP/1.1 for load: one connection that costs next to nothing, for answers that have a Content-Length or none to be
 * read. node:http would be a good part of what is measured.
 */
import { connect, type Socket } from 'node:net';

const READ = Buffer.allocUnsafeSlow(256 * 1024);
const END_OF_HEAD = '\r\n\r\n';

interface Waiting {
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** One request at a time. */
export class LoadConnection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #head = '';
  /** Bytes of the body still to come; undefined while the head is read. */
  #left: number | undefined;

  static open(port: number): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const connection = new LoadConnection(port, () => resolve(connection), reject);
    });
  }

  private constructor(port: number, connected: () => void, refused: (error: Error) => void) {
    const onread = { buffer: READ, callback: (length: number) => this.#read(length) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.once('connect', connected);
    this.#socket.on('error', (error) => {
      refused(error);
      this.#fail(error);
    });
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Whether the other end has not closed it. */
  get isOpen(): boolean {
    return !this.#socket.closed;
  }

  get(path: string): Promise<void> {
    return this.#exchange(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  put(path: string, body: Buffer): Promise<void> {
    const head = `PUT ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n`;
    return this.#exchange(head, body);
  }

  /** Makes a WebSocket of it; what comes afterwards is ignored. */
  upgrade(path: string): Promise<void> {
    const key = 'AAAAAAAAAAAAAAAAAAAAAA==';
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`;
    return this.#exchange(`GET ${path} HTTP/1.1\r\nHost: bench\r\n${fields}\r\n\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #exchange(head: string, body?: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { done: resolve, failed: reject };
      this.#socket.write(head, 'latin1');
      if (body !== undefined) this.#socket.write(body);
    });
  }

  #read(length: number): true {
    if (this.#left !== undefined) this.#content(length);
    else {
      this.#head += READ.toString('latin1', 0, length);
      const end = this.#head.indexOf(END_OF_HEAD);
      if (end !== -1) this.#headComplete(end + END_OF_HEAD.length);
    }
    return true;
  }

  #headComplete(length: number): void {
    const arrived = this.#head.length - length;
    const head = this.#head.slice(0, length);
    this.#head = '';
    const status = Number(head.slice(9, 12));
    if (status !== 101 && (status < 200 || status > 299)) this.#fail(new Error(`status ${status}`));
    this.#left = contentLength(head);
    if (Number.isNaN(this.#left)) this.#fail(new Error('an answer without Content-Length'));
    this.#content(arrived);
  }

  #content(length: number): void {
    this.#left = (this.#left ?? 0) - length;
    if (this.#left > 0) return;
    this.#left = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done();
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.failed(error);
  }
}

function contentLength(head: string): number {
  if (/^HTTP\/1\.1 (?:101|204) /.test(head)) return 0;
  return Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1]);
}

/** `count` connections, a hundred at a time. */
export async function openMany(port: number, count: number): Promise<LoadConnection[]> {
  const connections: LoadConnection[] = [];
  while (connections.length < count) {
    const group = Math.min(100, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: group }, () => LoadConnection.open(port)))));
  }
  return connections;
}

export function closeAll(connections: readonly LoadConnection[]): void {
  for (const connection of connections) connection.close();
}
