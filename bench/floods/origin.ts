/** What never answers, behind nginx. A process of its own, so that what it has to do does not disturb whoever takes the time. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer({ maxHeaderSize: 65_536 }, (request) => {
  request.resume();
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.on('disconnect', () => process.exit(0));
