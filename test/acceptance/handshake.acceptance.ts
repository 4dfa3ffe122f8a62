/** Handshakes that lose their first flights, on links with a known round-trip time. */
import { afterEach, describe, expect, it } from 'vitest';
import { createLink, type Link } from '../../src/demo/link.ts';
import { closeAll, dial, linkTo, QuicServer } from '../support/quic-pair.ts';
import { print } from './print.ts';

afterEach(closeAll);

/** Datagrams this close behind the first one of a direction belong to its flight, milliseconds. */
const FLIGHT = 8;

/** Loses everything that one direction carries within {@link FLIGHT} of its first datagram. */
function loseFirstFlight(link: Link, direction: 'up' | 'down'): void {
  let first = Number.NaN;
  link.filter(direction, () => {
    if (Number.isNaN(first)) first = performance.now();
    return performance.now() - first > FLIGHT;
  });
}

describe.each([20, 150])('with initial_rtt = %i on such a link', (rtt) => {
  it.each([
    ["the client's first datagram", 'up'],
    ["the server's first flight", 'down'],
  ] as const)(
    'both ends are connected within 3 × initial_rtt + 1.5 RTT without %s',
    async (what, direction) => {
      const endpoint = await QuicServer.start({ initialRtt: rtt });
      const link = await linkTo(endpoint, { delay: rtt / 2, precise: true });
      // The first one in a process compiles and loads what all others find there.
      await dial(endpoint.port, { initialRtt: rtt });
      loseFirstFlight(link, direction);
      const start = performance.now();
      await dial(link.address.port, { initialRtt: rtt });
      const client = performance.now() - start;
      await endpoint.end();
      const server = performance.now() - start;
      print(
        `initial_rtt ${rtt}, ${what} lost (${link.counters[direction].lost} datagrams): ` +
          `client ${client.toFixed(0)} ms, server ${server.toFixed(0)} ms`,
      );
      expect(link.counters[direction].lost).toBeGreaterThan(0);
      expect(client).toBeLessThanOrEqual(3 * rtt + 1.5 * rtt);
    },
  );
});

it('with initial_rtt = 1000 on a link of 900 ms nothing is sent again', async () => {
  const undisturbed = await handshakeDatagrams(20, 1000);
  const slow = await handshakeDatagrams(900, 1000);
  const hasty = await handshakeDatagrams(900, 100);
  print(`datagrams before the end of the handshake: ${undisturbed} at 20 ms, ${slow} at 900 ms`);
  expect(slow).toEqual(undisturbed);
  expect(hasty).not.toEqual(undisturbed);
});

/** How many datagrams each way a handshake takes. */
async function handshakeDatagrams(rtt: number, initialRtt: number): Promise<string> {
  const endpoint = await QuicServer.start({ initialRtt });
  const target = { host: '127.0.0.1', port: endpoint.port };
  const link = await createLink({ target, delay: rtt / 2 });
  const client = await dial(link.address.port, { initialRtt });
  const { up, down } = link.counters;
  const counts = `${up.datagramsIn} up, ${down.datagramsIn} down`;
  client.connection.close(0x100, 'done');
  await link.close();
  return counts;
}
