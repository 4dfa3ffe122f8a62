/** How a client finds its way to a server that has several addresses, or none. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Dialer } from '../../src/quic/dial.ts';
import type { QuicClose } from '../../src/quic/port.ts';
import { QuicEnd } from '../support/quic-end.ts';
import { closeAll, LogRecorder, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { plainSocket } from '../support/quic-raw.ts';

afterEach(closeAll);

interface Outcome {
  readonly end: QuicEnd | undefined;
  readonly close: QuicClose | undefined;
  readonly address: string;
  readonly log: LogRecorder;
}

/** Dials a name that has these addresses; the connection is closed when all is told. */
async function dialName(addresses: readonly string[], port: number, maxIdleTimeout = 5000): Promise<Outcome> {
  const log = new LogRecorder();
  const options = await quicOptions('client', { initialRtt: 20, maxIdleTimeout });
  const socket = { bindAddress: '::', receiveBufferSize: undefined, sendBufferSize: undefined };
  const dialer = new Dialer(socket, options, log, undefined, () => Promise.resolve(addresses));
  const outcome = await new Promise<Outcome>((resolve, reject) => {
    const events = {
      onConnection: (connection: QuicEnd['connection'], address: string) => {
        const end = new QuicEnd(connection);
        resolve({ end, close: undefined, address, log });
        return end;
      },
      onFailed: (close: QuicClose, address: string) => resolve({ end: undefined, close, address, log }),
      onCondition: () => {},
    };
    dialer.dial('peer.test', port, events).catch(reject);
  });
  await dialer.close(0x100, 'the test is over');
  expect(dialer.isIdle).toBe(true);
  return outcome;
}

describe('a name with several addresses', () => {
  it('leads to the server although nothing ever comes from the first', async () => {
    const server = await QuicServer.start();
    const mute = await plainSocket('127.0.0.2', server.port);
    const heard = once(mute, 'message');
    const { end, address } = await dialName(['127.0.0.2', '127.0.0.1'], server.port);
    expect(end).toBeDefined();
    expect(address).toBe(`127.0.0.1:${server.port}`);
    await heard;
    mute.close();
  });

  it('leads to the server at once where nothing listens at the first, or there is no way to it', async () => {
    const server = await QuicServer.start();
    // A broadcast address, where nobody may send unasked.
    const { address, log } = await dialName(['255.255.255.255', '127.0.0.2', '127.0.0.1'], server.port);
    expect(address).toBe(`127.0.0.1:${server.port}`);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('of which none works fails once, with what happened at each', async () => {
    const mute = await plainSocket('127.0.0.2');
    const { port } = mute.address();
    const { close, address } = await dialName(['127.0.0.2', '127.0.0.3'], port, 600);
    expect(address).toBe(`peer.test:${port}`);
    const silent = `127\\.0\\.0\\.2:${port}: no answer, and no ICMP error came back either: is the server running`;
    const refused = `127\\.0\\.0\\.3:${port}: nothing listens on UDP port ${port} there`;
    expect(close?.reason).toMatch(new RegExp(`^no address of it leads to the peer: ${silent}.*; ${refused}`));
    mute.close();
  });

  it('fails for the reason of a server that refuses', async () => {
    const server = await QuicServer.start();
    server.endpoint.stopAccepting();
    const { close } = await dialName(['127.0.0.2', '127.0.0.1'], server.port);
    expect(close).toMatchObject({ source: 'remote', space: 'transport', code: 2 });
  });
});
