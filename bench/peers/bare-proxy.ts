/** `bare-proxy.ts PORT UPSTREAM`: the least that proxies HTTP/1.1 with node:http. */
import { Agent, createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

const [port, upstream] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 10_000 });
const ignore = (): void => {};

const server = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port: upstream, method, path, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, outgoing, ignore);
  });
  onward.on('error', () => outgoing.destroy());
  if (method === 'GET') onward.end();
  else pipeline(incoming, onward, ignore);
});
server.listen(port, '127.0.0.1', 4096);
