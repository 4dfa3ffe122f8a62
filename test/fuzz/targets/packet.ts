import {
  connectionKey,
  isHandshake,
  isInitial,
  isLongHeader,
  type LongHeader,
  parseLongHeader,
  shortHeaderKey,
} from '../../../src/quic/packet.ts';
import { check, sameBytes, type Target } from '../target.ts';

const LONG = Buffer.from('c3000000010808090a0b0c0d0e0f0410111213004064', 'hex');
const SHORT = Buffer.from('43000102030405060708090a0b0c0d0e0f1011', 'hex');
const NEGOTIATION = Buffer.from('80000000000801020304050607080000000001', 'hex');

/** Headers of packets, as far as a datagram is routed by them (RFC 8999). */
export const packet: Target = {
  name: 'packet',
  maxLength: 128,
  seeds: [LONG, SHORT, NEGOTIATION, Buffer.from('e36b3343cf15aabb', 'hex')],
  dictionary: [
    Buffer.from('00000001', 'hex'),
    Buffer.from('6b3343cf', 'hex'),
    Buffer.alloc(20, 7),
    Buffer.alloc(21, 8),
  ],
  run(input, trace) {
    const datagram = Buffer.from(input);
    const header = parseLongHeader(datagram);
    const key = shortHeaderKey(datagram);
    const first = datagram[0] ?? 0;
    check(isLongHeader(datagram) === first >= 0x80, 'the first bit tells a long header');
    check(!(isInitial(datagram) && isHandshake(datagram)), 'a packet has one type');
    check(
      isLongHeader(datagram) || !(isInitial(datagram) || isHandshake(datagram)),
      'types are of long headers',
    );
    check((key === undefined) === datagram.length < 17, 'a short header has the whole connection ID');
    if (key !== undefined) check(key === datagram.toString('latin1', 1, 17), 'the key is the connection ID');
    trace.hit(
      (header === undefined ? 0 : 1) + (isInitial(datagram) ? 2 : 0) + (isHandshake(datagram) ? 4 : 0),
    );
    if (header !== undefined) checkHeader(datagram, header);
    else check(!isComplete(datagram), 'a header that is complete is read');
    trace.size(header?.version === 1 ? 10 : 11, header?.destination.length ?? 0);
    trace.size(12, header?.source.length ?? 0);
  },
};

function checkHeader(datagram: Buffer, { version, destination, source }: LongHeader): void {
  check(version === datagram.readUInt32BE(1), 'the version is the second to fifth byte');
  const again = Buffer.concat([
    datagram.subarray(0, 5),
    Uint8Array.of(destination.length),
    destination,
    Uint8Array.of(source.length),
    source,
  ]);
  check(sameBytes(again, datagram.subarray(0, again.length)), 'the header written is the one read');
  check(
    version !== 1 || Math.max(destination.length, source.length) <= 20,
    'version 1 has IDs of up to 20 bytes',
  );
  check(connectionKey(destination).length === destination.length, 'a key for each connection ID');
}

function isComplete(datagram: Buffer): boolean {
  const destination = datagram[5];
  if (destination === undefined) return false;
  const source = datagram[6 + destination];
  if (source === undefined || datagram.length < 7 + destination + source) return false;
  return datagram.readUInt32BE(1) !== 1 || Math.max(destination, source) <= 20;
}
