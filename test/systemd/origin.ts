/**
 * A service and a hole: answers HTTP/1.1 at the TCP port given, counting requests that have a number, and is silent at the
 * UDP port given.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { CountingOrigin } from '../support/counted.ts';

const [tcpPort, udpPort] = process.argv.slice(2).map(Number);

const { listener } = new CountingOrigin();
createSocket('udp4').bind(udpPort, '127.0.0.1');
createServer((request, response) => {
  if (request.url === '/') response.end('hello\n');
  else listener(request, response);
}).listen(tcpPort, '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
