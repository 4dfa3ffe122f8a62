/** The name of a connection that both ends derive without a word between them. */
import { afterEach, expect, it } from 'vitest';
import { closeAll, connectPair } from '../support/quic-pair.ts';

afterEach(closeAll);

it('is the same at both ends, and another one for each connection', async () => {
  const pairs = [await connectPair(), await connectPair()];
  const tags = pairs.map(({ client, server }) => [client.connection.tag, server.connection.tag]);
  for (const [client, server] of tags) {
    expect(client).toMatch(/^[0-9a-v]{8}$/);
    expect(server).toBe(client);
  }
  expect(tags[0]?.[0]).not.toBe(tags[1]?.[0]);
});
