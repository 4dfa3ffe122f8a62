import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { QuicMeter } from './meter.ts';
import { openSocket } from './socket.ts';

const QUIET = { debug: () => {}, info: () => {}, warn: () => {} };

it.each(['connected', 'not connected'])(
  'a socket that is %s sends within the call, so that the buffer is free again',
  async (kind) => {
    const receiver = createSocket('udp4').bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const to = { host: '127.0.0.1', port: receiver.address().port };
    const options = {
      bindAddress: '127.0.0.1',
      port: 0,
      receiveBufferSize: undefined,
      sendBufferSize: undefined,
    };
    const socket = await openSocket(options, QUIET, new QuicMeter());
    onTestFinished(() => {
      receiver.close();
      socket.close();
    });
    if (kind === 'connected') await socket.connect(to);
    const arrived: string[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.on('message', (datagram) => {
        if (arrived.push(datagram.toString('latin1', 0, 3)) === 50) resolve();
      });
    });
    const buffer = Buffer.alloc(1350);
    const expected = Array.from({ length: 50 }, (_, n) => `${n + 100}`);
    for (const text of expected) {
      buffer.write(text, 0, 'latin1');
      expect(socket.send(buffer, to)).toBe(true);
    }
    buffer.fill(0);
    await all;
    expect(arrived).toEqual(expected);
  },
);

it('receives more at once than the system would hold for it by itself', async () => {
  const sender = createSocket('udp4').bind(0, '127.0.0.1');
  await once(sender, 'listening');
  const usual = sender.getRecvBufferSize();
  const options = {
    bindAddress: '127.0.0.1',
    port: 0,
    receiveBufferSize: undefined,
    sendBufferSize: undefined,
  };
  const socket = await openSocket(options, QUIET, new QuicMeter());
  onTestFinished(() => {
    sender.close();
    socket.close();
  });
  expect(socket.receiveBufferSize).toBeGreaterThan(usual);
});
