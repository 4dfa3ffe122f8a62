/** An origin that reads strictly, tells of each whole request, and answers it with the request's own tag. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { elementsOf, parseRequest, type StrictRequest } from './strict-parser.ts';
import { tagOf } from './tags.ts';

export interface OriginEvents {
  onRequest(request: StrictRequest, tag: string): void;
  /** Bytes that are no request, and why. */
  onMalformed(text: string, reason: string): void;
}

export interface RawOrigin {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startStrictOrigin(events: OriginEvents): Promise<RawOrigin> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, events);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function serve(socket: Socket, events: OriginEvents): void {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('error', () => undefined);
  socket.on('data', (part: string) => {
    text += part;
    for (let parsed = parseRequest(text, 0); parsed.kind !== 'more'; parsed = parseRequest(text, 0)) {
      if (parsed.kind === 'wrong') {
        events.onMalformed(text, parsed.reason);
        socket.destroy();
        return;
      }
      text = text.slice(parsed.end);
      const tag = tagOf(parsed.request) || UNMARKED;
      events.onRequest(parsed.request, tag);
      answer(socket, parsed.request, tag);
    }
  });
}

/** Answers what has no mark of its own. */
const UNMARKED = 'unmarked';

// With a length or chunked, so that both ways back are used.
function answer(socket: Socket, { method, fields }: StrictRequest, tag: string): void {
  const isChunked = tag.charCodeAt(1) % 2 === 0;
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${tag.length}`;
  const content = isChunked ? `${tag.length.toString(16)}\r\n${tag}\r\n0\r\n\r\n` : tag;
  const closes = elementsOf(fields, 'connection').includes('close');
  const head = `HTTP/1.1 200 OK\r\nX-Tag: ${tag}\r\n${closes ? 'Connection: close\r\n' : ''}${framing}\r\n\r\n`;
  socket.write(method === 'HEAD' ? head : head + content, 'latin1');
  if (closes) socket.end();
}
