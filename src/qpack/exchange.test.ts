import fc from 'fast-check';
import { describe, it } from 'vitest';
import { makeLasting } from '../bytes/lasting.ts';
import { Exchange } from './exchange.fixture.ts';

// Mostly lines that come again, with and without a static name; together more than a small table holds.
const name = fc.constantFrom(':path', 'user-agent', 'server', 'cookie', 'x-a', 'x-b', 'x-c', '', 'age');
const hotValue = fc.constantFrom('', 'a', 'bb', '\xff\xfe', 'd'.repeat(12), 'e'.repeat(30));
const value = fc.oneof(
  { weight: 8, arbitrary: hotValue },
  { weight: 1, arbitrary: fc.nat(40).map((number) => `value ${number}`) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((lines) => lines.flat());

// Sections that come again and again as the same array: more than are kept, each with lines of others.
const lastingSections = Array.from({ length: 12 }, (_, number) => {
  const lines = [
    ':status',
    '200',
    'server',
    'a',
    'x-a',
    `value ${number % 5}`,
    'user-agent',
    'd'.repeat(number),
  ];
  makeLasting(lines);
  return lines;
});

const at = fc.nat(30);
const count = fc.oneof(fc.nat(5), fc.nat(400));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('send' as const), at, fields) },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constant('send' as const), at, fc.constantFrom(...lastingSections)),
  },
  { weight: 8, arbitrary: fc.tuple(fc.constant('section' as const), at) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('encoder stream' as const), count) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('decoder stream' as const), count) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('cancel' as const), at) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('capacity' as const), fc.nat(1000)) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(exchange: Exchange, [kind, number, lines]: Step | [Step[0], number, string[]?]): void {
  if (kind === 'send') exchange.send(number, lines ?? []);
  else if (kind === 'section') exchange.deliverSection(number);
  else if (kind === 'encoder stream') exchange.deliverEncoderStream(number);
  else if (kind === 'decoder stream') exchange.deliverDecoderStream(number);
  else if (kind === 'cancel') exchange.cancel(number);
  else exchange.setCapacity(number);
}

const setting = fc.record({
  ours: fc.constantFrom(0, 100, 300, 1000, 4096),
  peers: fc.constantFrom(0, 31, 100, 300, 1000, 4096),
  blockedStreams: fc.constantFrom(0, 1, 2, 100),
  streams: fc.constantFrom(1, 3, 31),
});

describe('an encoder and a decoder', () => {
  it('agree on every section, however their streams are delayed against one another', () => {
    fc.assert(
      fc.property(setting, fc.array(step, { maxLength: 400, size: 'max' }), (settings, steps) => {
        const exchange = new Exchange(settings);
        for (const each of steps) take(exchange, each);
        exchange.finish();
      }),
      { numRuns: 300 },
    );
  });

  it('agree over thousands of sections, after the Required Insert Count has wrapped around many times', () => {
    const exchange = new Exchange({ ours: 300, peers: 300, blockedStreams: 3, streams: 10 });
    for (let turn = 0; turn < 5000; turn++) {
      exchange.send(turn, ['server', `value ${turn % 13}`, 'via', `${turn % 7}`, 'user-agent', 'same']);
      exchange.send(turn + 1, lastingSections[(turn >> 6) % lastingSections.length] ?? []);
      if (turn % 3 > 0) exchange.deliverEncoderStream(50);
      exchange.deliverSection(turn - (turn % 4));
      if (turn % 2 > 0) exchange.deliverDecoderStream(20);
      if (turn % 10 === 9) for (let each = 0; each < 10; each++) exchange.deliverSection(each);
    }
    exchange.finish();
  });
});
