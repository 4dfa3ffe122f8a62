import { Exchange } from '../../../src/qpack/exchange.fixture.ts';
import { Input } from '../input.ts';
import type { Target } from '../target.ts';
import type { Trace } from '../trace.ts';

const NAMES = [':path', 'user-agent', 'server', 'cookie', 'x-a', 'x-b', '', 'age'];
const VALUES = ['', 'a', 'bb', '\xff\xfe', 'd'.repeat(12), 'e'.repeat(30), 'f'.repeat(60)];
const CAPACITIES = [0, 31, 64, 100, 300, 1000];

/**
 * An encoder and a decoder with a dynamic table, whose streams are delayed against one another as the input says:
 * every section is what was sent, and in the end nothing waits and no entry is in use.
 */
export const qpackExchange: Target = {
  name: 'qpack-exchange',
  maxLength: 200,
  seeds: [
    Uint8Array.of(4, 4, 2, 2, 0, 0, 2, 1, 1, 3, 0, 0, 1, 2, 200, 3, 200),
    Uint8Array.of(
      5,
      5,
      3,
      3,
      0,
      0,
      3,
      1,
      2,
      3,
      4,
      5,
      6,
      1,
      0,
      2,
      255,
      3,
      255,
      0,
      1,
      1,
      4,
      4,
      2,
      255,
      1,
      1,
      4,
      0,
    ),
  ],
  dictionary: [
    Uint8Array.of(0, 0, 1, 2, 3),
    Uint8Array.of(1, 0),
    Uint8Array.of(2, 255),
    Uint8Array.of(3, 255),
  ],
  run(bytes, trace) {
    const input = new Input(bytes);
    const exchange = new Exchange({
      ours: input.pick(CAPACITIES),
      peers: input.pick(CAPACITIES),
      blockedStreams: input.below(4),
      streams: 1 + input.below(6),
    });
    while (!input.done) step(input, exchange, trace);
    exchange.finish();
  },
};

function step(input: Input, exchange: Exchange, trace: Trace): void {
  const action = input.below(6);
  trace.hit(action);
  if (action === 0) exchange.send(input.byte(), linesOf(input));
  else if (action === 1) exchange.deliverSection(input.byte());
  else if (action === 2) exchange.deliverEncoderStream(input.byte());
  else if (action === 3) exchange.deliverDecoderStream(input.byte());
  else if (action === 4) exchange.cancel(input.byte());
  else exchange.setCapacity(input.byte() * 4);
}

function linesOf(input: Input): string[] {
  const lines: string[] = [];
  for (let left = input.below(5); left > 0; left--) lines.push(input.pick(NAMES), input.pick(VALUES));
  return lines;
}
