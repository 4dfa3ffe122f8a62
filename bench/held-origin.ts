/** `held-origin.ts PORT DELAY`: answers requests after DELAY ms; answers upgrades at once and then says nothing. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const [port, delay] = process.argv.slice(2).map(Number);
const BODY = Buffer.alloc(1024, 'x');

const server = createServer((_request, response) => {
  setTimeout(() => response.end(BODY), delay);
});
server.keepAliveTimeout = 600_000;
server.on('upgrade', (request, socket) => {
  // RFC 6455 §4.2.2.
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.on('error', () => {});
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
});
server.listen(port, '127.0.0.1', 16_384);
