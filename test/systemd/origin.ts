/** A service and a hole: answers HTTP/1.1 at the TCP port given, and is silent at the UDP port given. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const [tcpPort, udpPort] = process.argv.slice(2).map(Number);

createSocket('udp4').bind(udpPort, '127.0.0.1');
createServer((_, response) => response.end('hello\n')).listen(tcpPort, '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
