/** The service, a process of its own, so that what it has to do does not disturb whoever takes the time. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Several times what the server end holds of one answer; more would only fill the buffers of the kernel. */
const LARGE = Buffer.alloc(1_000_000);

const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  if (request.url === '/large') response.end(LARGE);
  else if (request.url !== '/never') response.end('ok');
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.on('disconnect', () => process.exit(0));
