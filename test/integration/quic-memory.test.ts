/** Connections that are over, and the search of the heap that frees what the engine holds of them. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { collections } from '../../src/quic/collections.fixture.ts';
import { closeAll, connectPair } from '../support/quic-pair.ts';

afterEach(closeAll);

const STREAMS = 7000;
const ROOM = { maxConcurrentStreams: STREAMS };
const EMPTY = Buffer.alloc(0);

it('is not made for requests that were answered, however many', async () => {
  const { client, server } = await connectPair({ client: ROOM, server: ROOM });
  for (let round = 0; round < STREAMS / 100; round++) {
    const ids = Array.from({ length: 100 }, () => client.open());
    for (const id of ids) client.connection.write(id, EMPTY, true);
    await server.until(() => ids.every((id) => server.stream(id).fin));
    for (const id of ids) server.connection.write(id, EMPTY, true);
    await client.until(() => ids.every((id) => client.stream(id).fin));
  }
  const searches = collections('major');
  client.connection.close(0, '');
  await server.until(() => server.closed !== undefined);
  await pause(50);
  expect(searches.count).toBe(0);
});

it('is made for requests that were still open', async () => {
  const { client, server } = await connectPair({ client: ROOM, server: ROOM });
  for (let count = 0; count < STREAMS; count++)
    client.connection.write(client.open(), Buffer.from('x'), false);
  await server.until(() => server.streams.size === STREAMS);
  const searches = collections('major');
  client.connection.close(0, '');
  await server.until(() => server.closed !== undefined);
  await vi.waitFor(() => expect(searches.count).toBe(1));
});
