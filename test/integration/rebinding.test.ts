import { afterEach, expect, it } from 'vitest';
import { closeAll, connectOver } from '../support/quic-pair.ts';
import { quiet } from './figures.fixture.ts';
import { rebind } from './rebinding.scenario.ts';

afterEach(closeAll);

it('no request fails when the port of the client changes, nor when its session is replaced for that', async () => {
  await rebind({ changes: 20, interval: 100, rate: 50, delay: 5, replacements: 1, figures: quiet });
});

it('a server is told once of a connection whose client has had many addresses, and goes on serving it', async () => {
  const { client, server, link } = await connectOver({});
  for (let count = 0; count < 40; count++) {
    link.rebind();
    const id = client.open();
    client.connection.write(id, Buffer.from('a'), true);
    await server.until(() => server.stream(id).fin);
  }
  expect(server.conditions).toEqual(['worn']);
  expect(client.conditions).toEqual([]);
  expect([client.closed, server.closed]).toEqual([undefined, undefined]);
});
