import { handshakeBytes, initialToken } from '../../../src/quic/coalesced.ts';
import { parseLongHeader } from '../../../src/quic/packet.ts';
import { Input } from '../input.ts';
import { check, sameBytes, type Target } from '../target.ts';

/** Types of long-header packets by their first byte: Initial, 0-RTT, Handshake, Retry, and a short header. */
const FIRST_BYTES = [0xc0, 0xd0, 0xe0, 0xf0, 0x40];
const INITIAL = 0;
const HANDSHAKE = 2;
const RETRY = 3;

/**
 * Packets in one datagram, put together from what the input says of each, and the raw input itself: the token of the
 * first is found, and the bytes from the first Handshake packet on are counted.
 */
export const coalesced: Target = {
  name: 'coalesced',
  maxLength: 200,
  seeds: [
    [0, 8, 0, 4, 20, 0, 2, 8, 0, 0, 30, 0].map(Number),
    [1, 20, 20, 0, 5, 0, 0, 0, 0, 63, 5, 0, 4, 8, 0, 0, 9, 0],
    [0, 8, 8, 2, 10, 1, 2, 8, 8, 0, 10, 0],
  ].map((steps) => Uint8Array.from(steps)),
  dictionary: [
    Buffer.from('c00000000108', 'hex'),
    Buffer.from('e00000000100000001', 'hex'),
    Uint8Array.of(2, 8, 0, 0, 10, 0),
    Uint8Array.of(0, 8, 0, 3, 10, 0),
  ],
  run(bytes, trace) {
    const raw = Buffer.from(bytes);
    const count = handshakeBytes(raw);
    check(count >= 0 && count <= raw.length, 'no more bytes are counted than there are');
    const header = parseLongHeader(raw);
    const found = header === undefined ? undefined : initialToken(raw, header);
    check(found === undefined || found.length < raw.length, 'a token is part of its packet');
    const { datagram, token, handshake } = build(new Input(bytes));
    const first = parseLongHeader(datagram);
    trace.size(handshake > 0 ? 1 : 2, datagram.length);
    check(handshakeBytes(datagram) === handshake, 'what is counted begins with the first Handshake packet');
    if (token === undefined) return;
    trace.size(3, token.length);
    const read = first && initialToken(datagram, first);
    check(read !== undefined && sameBytes(read, token), 'the token is the one that was sent');
  },
};

interface Built {
  readonly datagram: Buffer;
  /** Of the first packet, when it is an Initial. */
  readonly token: Uint8Array | undefined;
  readonly handshake: number;
}

function build(input: Input): Built {
  const packets: Buffer[] = [];
  let token: Uint8Array | undefined;
  let handshakeAt: number | undefined;
  let length = 0;
  // A packet that is cut, or whose length nobody can tell, hides those behind it.
  let hidden = false;
  while (!input.done && packets.length < 8) {
    const type = input.below(FIRST_BYTES.length);
    const ids = [input.below(21), input.below(21)].map((size) => Buffer.alloc(size, 7));
    const itsToken = Buffer.alloc(input.below(64), 9);
    const payload = Buffer.alloc(input.below(64), 5);
    const isCut = input.below(8) === 1;
    const isLong = type < FIRST_BYTES.length - 1;
    const packet = isLong
      ? longPacket(type, ids, itsToken, payload, isCut)
      : Buffer.alloc(1 + payload.length, 0x40);
    if (packets.length === 0 && type === INITIAL) token = itsToken;
    if (type === HANDSHAKE && !hidden) handshakeAt ??= length;
    hidden ||= isCut || !isLong || type === RETRY;
    packets.push(packet);
    length += packet.length;
    if (isCut) break;
  }
  const handshake = handshakeAt === undefined ? 0 : length - handshakeAt;
  return { datagram: Buffer.concat(packets), token, handshake };
}

function longPacket(
  type: number,
  ids: readonly Buffer[],
  token: Buffer,
  payload: Buffer,
  isCut: boolean,
): Buffer {
  const lengths = type === INITIAL ? [Uint8Array.of(token.length), token] : [];
  const declared = isCut ? 63 : payload.length;
  return Buffer.concat([
    Uint8Array.of(FIRST_BYTES[type] ?? 0, 0, 0, 0, 1),
    ...ids.flatMap((id) => [Uint8Array.of(id.length), id]),
    ...lengths,
    Uint8Array.of(declared),
    payload.subarray(0, isCut ? declared - 1 : undefined),
  ]);
}
