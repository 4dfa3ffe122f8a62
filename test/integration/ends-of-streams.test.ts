import { afterEach, expect, it } from 'vitest';
import { fetchWhole } from '../support/http-client.ts';
import { startTunnel, type TunnelPair } from '../support/tunnel.ts';
import { origin } from './ends.fixture.ts';

let tunnel: TunnelPair | undefined;

afterEach(() => tunnel?.stop());

// The engine forgets a stream, and with it an end that was lost, when all bytes before the end are acknowledged.
it('the end of a response arrives though it left after the content, and datagrams are lost', async () => {
  const { port } = await origin((_request, response) => {
    response.write('content');
    setTimeout(() => response.end(), 3);
  });
  tunnel = await startTunnel({ originPort: port, link: { delay: 15, loss: 5 } });
  const { httpPort } = tunnel.client;
  const answers = Array.from({ length: 300 }, () => fetchWhole({ port: httpPort }));
  const bodies = (await Promise.all(answers)).map(({ body }) => body.toString());
  expect(bodies).toEqual(Array(300).fill('content'));
});
