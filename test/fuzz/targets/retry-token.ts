import { RetryTokens } from '../../../src/quic/retry-token.ts';
import { Input } from '../input.ts';
import { check, sameBytes, type Target } from '../target.ts';

const HOSTS = ['192.0.2.1', '192.0.2.11', '2001:db8::1', '::ffff:192.0.2.1'];
const LIFETIME = 10_000;

const tokens = new RetryTokens();

/**
 * A token of ours, offered to one address at one moment, then changed as the input says and shown from another: only
 * the very token, from the same address and within its time, proves anything. And any bytes, which prove nothing.
 */
export const retryToken: Target = {
  name: 'retry-token',
  maxLength: 80,
  seeds: [
    Uint8Array.of(0, 8, 1, 1, 0, 10, 1, 1),
    Uint8Array.of(1, 20, 1, 1, 1, 0, 1, 1, 0, 3),
    Uint8Array.of(2, 10, 0, 255, 2, 255, 0, 255, 5, 0, 7, 0),
    Buffer.concat([Uint8Array.of(9), Buffer.alloc(60, 0x52)]),
  ],
  dictionary: [Buffer.alloc(12), Uint8Array.of(0x52, 0, 0, 0, 0, 0, 0)],
  run(bytes, trace) {
    const input = new Input(bytes);
    const from = { host: input.pick(HOSTS), port: input.byte() };
    const originalId = Buffer.alloc(8 + input.below(13), input.byte());
    const { token, connectionId } = tokens.offer(originalId, from, 1000);
    const then = 1000 + (input.byte() - 1) * 60;
    const other = { host: input.pick(HOSTS), port: input.byte() };
    const changed = changedAs(input, Buffer.concat([connectionId, token]));
    const [itsId, its] = [changed.subarray(0, connectionId.length), changed.subarray(connectionId.length)];
    const proof = tokens.check(its, itsId, other, then);
    const isSame = sameBytes(changed, Buffer.concat([connectionId, token]));
    const isThere = other.host === from.host && other.port === from.port;
    const isGood = isSame && isThere && then >= 1000 && then <= 1000 + LIFETIME;
    trace.hit(typeof proof === 'string' ? proof.length : 1);
    trace.hit(
      (isSame ? 1 : 0) + (isThere ? 2 : 0) + (then < 1000 ? 4 : 0) + (then > 1000 + LIFETIME ? 8 : 0),
    );
    check(
      (typeof proof !== 'string') === isGood,
      'what proves an address is the very token, there and in time',
    );
    if (typeof proof !== 'string')
      check(sameBytes(proof.originalId, originalId), 'the first connection ID is given back');
    const raw = Buffer.from(bytes);
    check(
      typeof tokens.check(raw, raw.subarray(0, 16), from, 1001) === 'string',
      'other bytes prove nothing',
    );
  },
};

function changedAs(input: Input, bytes: Buffer): Buffer {
  while (!input.done) {
    const at = input.byte() % (bytes.length + 1);
    const change = input.byte();
    if (change === 255) return bytes.subarray(0, at);
    if (change === 254) return Buffer.concat([bytes, Uint8Array.of(at)]);
    if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ change;
  }
  return bytes;
}
