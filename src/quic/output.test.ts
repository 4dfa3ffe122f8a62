import { beforeEach, describe, expect, it } from 'vitest';
import { SendingFixture } from './engine.fixture.ts';
import type { CongestionAlgorithm, QuicOptions } from './options.ts';
import { Output } from './output.ts';
import { type SendHalf, SendQueue } from './send-queue.ts';
import { Stream } from './stream.ts';

const OPTIONS: QuicOptions = {
  identity: { ca: Buffer.alloc(0), chain: Buffer.alloc(0), key: Buffer.alloc(0) },
  peerName: 'bar.example.org',
  verifyPeer: true,
  maxIdleTimeout: 5000,
  keepAliveInterval: 2000,
  initialRtt: 100,
  initialWindow: 100_000,
  congestionAlgorithm: 'Bbr',
  udpPayloadSize: 1350,
  maxEgressRate: undefined,
  redundancy: 'Off',
  maxConcurrentStreams: 100,
  streamReceiveWindow: 16_000_000,
  receiveWindow: undefined,
  sendWindow: 8_000_000,
  allowFrom: undefined,
  keyLogFile: undefined,
};

/** Bytes a millisecond that these options promise. */
const RATE = OPTIONS.initialWindow / OPTIONS.initialRtt;

let engine: SendingFixture;
let queue: SendQueue;
let stream: SendHalf;
let datagrams: Buffer[];

function newOutput(congestionAlgorithm: CongestionAlgorithm = 'Bbr'): Output {
  const ignore = (): void => {};
  const options = { ...OPTIONS, congestionAlgorithm };
  const output = new Output(
    engine,
    options,
    'server',
    0,
    (datagram) => {
      datagrams.push(Buffer.from(datagram));
      return true;
    },
    ignore,
  );
  output.established();
  return output;
}

beforeEach(() => {
  engine = new SendingFixture();
  queue = new SendQueue(engine, 8_000_000, { onStopped() {}, onDrain() {}, onDone() {} });
  queue.useGauge(2);
  stream = new Stream(0, 'client', 0);
  datagrams = [];
});

const sentBytes = (): number => datagrams.reduce((sum, { length }) => sum + length, 0);

/** Flushes whenever the output asks for it, for `milliseconds`. Throws where it would stand still. */
function run(output: Output, milliseconds: number, eachTime: (now: number) => void = () => {}): void {
  for (let now = 0; now < milliseconds; ) {
    eachTime(now);
    while (output.flush(queue, now, false));
    if (queue.hasReady && output.due === Number.POSITIVE_INFINITY)
      throw new Error('nobody comes back for the rest');
    now = Math.max(now + 1, Math.min(output.due, milliseconds));
  }
}

describe('with Bbr the engine holds nothing back', () => {
  it('that the pacer does not let through at once', () => {
    const output = newOutput();
    queue.write(stream, Buffer.alloc(2_000_000), false);
    run(output, 1000, () => expect(engine.unsent).toBe(0));
    expect(sentBytes()).toBeGreaterThan(1000 * RATE - 1350);
    expect(sentBytes()).toBeLessThan(1010 * RATE + 11 * 1350);
  });

  it('that its window has no room for', () => {
    const output = newOutput();
    engine.cwnd = 20_000;
    engine.heard(0);
    queue.write(stream, Buffer.alloc(2_000_000), false);
    for (let now = 0; now < 1000; now += 10) {
      output.received(1200);
      engine.heard(engine.inFlight);
      output.flush(queue, now, false);
      expect(engine.unsent).toBe(0);
    }
    expect(sentBytes()).toBeGreaterThan(0.8 * 1000 * RATE);
  });

  it('but for a little when headers are larger than thought', () => {
    const output = newOutput();
    // A hundred bytes each: half of every datagram is headers.
    for (let id = 4; id < 4000; id += 4) {
      queue.write(new Stream(id, 'client', 0), Buffer.alloc(100), false);
    }
    run(output, 1000, () => expect(engine.unsent).toBeLessThan(1350));
    expect(queue.hasReady).toBe(false);
    expect(engine.unsent).toBe(0);
  });
});

it.each<CongestionAlgorithm>(['Cubic', 'NewReno', 'None'])(
  'with %s the engine is given more than it may send, but no more than 64 KB, however much it sends',
  (algorithm) => {
    const output = newOutput(algorithm);
    engine.cwnd = 100_000;
    for (let now = 0; now < 5000; now += 10) {
      if (queue.byteLength < 500_000) queue.write(stream, Buffer.alloc(500_000), false);
      output.received(1200);
      engine.heard(engine.inFlight);
      output.flush(queue, now, false);
      expect(engine.unsent).toBeGreaterThan(0);
      expect(engine.unsent).toBeLessThan(80 * 1024);
    }
  },
);

it('does not make acknowledgments wait for the pacer', () => {
  const output = newOutput();
  queue.write(stream, Buffer.alloc(100_000), false);
  output.flush(queue, 0, false);
  expect(output.due).toBeGreaterThan(0);
  const before = datagrams.length;
  engine.acknowledgments = 5;
  output.flush(queue, 0, false);
  expect(datagrams.length - before).toBe(5);
});

it('comes back for what lost datagrams left to be sent again', () => {
  const output = newOutput();
  queue.write(stream, Buffer.alloc(300_000), true);
  run(output, 400, (now) => {
    if (now < 100 || now > 150 || engine.lostBytes > 0) return;
    engine.lostBytes = 50_000;
    engine.unsent += 48_000;
  });
  expect(engine.unsent).toBe(0);
  expect(queue.byteLength).toBe(0);
});

it('goes on after a turn of the event loop with as many datagrams as one may send', () => {
  const output = newOutput();
  output.flush(queue, 0, false);
  engine.acknowledgments = 1000;
  expect(output.flush(queue, 1, true)).toBe(true);
  expect(datagrams).toHaveLength(512);
  expect(output.flush(queue, 1, true)).toBe(false);
  expect(datagrams).toHaveLength(1000);
});

it('never gives the same memory to two datagrams', () => {
  const output = newOutput();
  queue.write(stream, Buffer.alloc(100_000), false);
  run(output, 200);
  const places = datagrams.map(({ buffer, byteOffset, length }) => ({ buffer, byteOffset, length }));
  for (const [index, a] of places.entries()) {
    for (const b of places.slice(index + 1)) {
      const apart =
        a.buffer !== b.buffer ||
        a.byteOffset + a.length <= b.byteOffset ||
        b.byteOffset + b.length <= a.byteOffset;
      expect(apart).toBe(true);
    }
  }
});

it('asks the peer for an acknowledgment when the window is that of ProbeRTT', () => {
  const output = newOutput();
  engine.cwnd = 0.4 * OPTIONS.initialWindow;
  output.flush(queue, 0, false);
  expect(engine.pings).toBe(0);
  output.flush(queue, output.due, false);
  expect(engine.pings).toBe(1);
});
