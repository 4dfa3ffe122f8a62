import { afterEach, expect, it } from 'vitest';
import { patternHash } from '../support/pattern.ts';
import { closeAll, connectOver } from '../support/quic-pair.ts';
import { plainSocket } from '../support/quic-raw.ts';
import { quiet } from './figures.fixture.ts';
import { rebind } from './rebinding.scenario.ts';

afterEach(closeAll);

it('no request fails when the port of the client changes again and again', async () => {
  await rebind({ changes: 30, interval: 100, rate: 100, delay: 20, figures: quiet });
});

it('a body under way arrives whole, although what was sent to the former port is lost each time', async () => {
  const options = { initialWindow: 200_000, initialRtt: 20 };
  const { client, server, link } = await connectOver(
    { delay: 10, rate: 50 },
    { client: options, server: options },
  );
  const id = client.open();
  client.connection.write(id, Buffer.from('a'), true);
  await server.until(() => server.stream(id).fin);
  void server.send(id, 5_000_000, 3);
  for (let bytes = 0; bytes < 4_500_000; bytes += 45_000) {
    await client.until(() => client.stream(id).bytes > bytes);
    link.rebind();
  }
  expect(await client.received(id)).toBe(patternHash(5_000_000, 3));
  expect([client.closed, server.closed]).toEqual([undefined, undefined]);
});

it('a copy of a packet that comes from elsewhere moves nothing', async () => {
  const { client, server, link, endpoint } = await connectOver({});
  const copies: Buffer[] = [];
  link.filter('up', (datagram) => {
    copies.push(datagram);
    return true;
  });
  const exchange = async (): Promise<void> => {
    const id = client.open();
    client.connection.write(id, Buffer.from('a'), true);
    await server.until(() => server.stream(id).fin);
    server.connection.write(id, Buffer.from('b'), true);
    await client.until(() => client.stream(id).fin);
  };
  await exchange();
  const elsewhere = await plainSocket();
  let received = 0;
  elsewhere.on('message', () => received++);
  for (const copy of copies.splice(0)) elsewhere.send(copy, endpoint.port, '127.0.0.1');
  await exchange();
  await exchange();
  expect(received).toBe(0);
  elsewhere.close();
});
