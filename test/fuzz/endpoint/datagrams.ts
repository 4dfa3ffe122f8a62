/** New datagrams, made of those that were seen. */
import { varintLength, writeVarint } from '../../../src/bytes/varint.ts';
import { isInitial, isLongHeader, parseLongHeader } from '../../../src/quic/packet.ts';
import type { Role } from '../../../src/quic/port.ts';
import type { Random } from '../../support/random.ts';
import { Mutator } from '../mutator.ts';
import { type InitialKeys, initialKeys, openInitial, sealInitial } from './initial.ts';

/** Largest that is made, and how many of those seen are remembered. */
const LARGEST = 1500;
const MOST_SEEN = 256;
const MOST_FRAMES = 900;

/** Frames as an Initial packet may have them, and as it may not (RFC 9000 §12.4, §19). */
const FRAMES: readonly Buffer[] = [
  '01', // PING
  '0200400000', // ACK of packet 0
  '02bfffffff00403f0102', // ACK of what was never sent, with ranges that end below zero
  '020500c0ffffffffffffff0000', // more ranges than there can be
  '06000401000000', // CRYPTO: the beginning of a ClientHello
  '0680ffffff0401020304', // CRYPTO, far ahead
  '06bfffffffffffffff01aa', // CRYPTO beyond what an offset may be
  '1c0a0600', // CONNECTION_CLOSE
  '1c0a06ff', // CONNECTION_CLOSE whose reason is cut
  '0703616263', // NEW_TOKEN
  '080001', // STREAM
  '04000000', // RESET_STREAM
  '10bfffffff', // MAX_DATA
  '12d000000000000000', // MAX_STREAMS over 2^60
  '1802000801020304050607080102030405060708090a0b0c0d0e0f10', // NEW_CONNECTION_ID
  '1900', // RETIRE_CONNECTION_ID
  '1a0102030405060708', // PATH_CHALLENGE
  '1e', // HANDSHAKE_DONE
  '30aabb', // DATAGRAM
  '40ff', // a type that nobody has defined
  '000000',
].map((hex) => Buffer.from(hex, 'hex'));

/** What one direction of a connection has shown. */
interface Seen {
  readonly datagrams: Buffer[];
  /** Frames of Initial packets. */
  readonly frames: Buffer[];
}

/** Remembers what passes, and makes new datagrams of it. */
export class DatagramMutator {
  readonly #random: Random;
  readonly #bytes: Mutator;
  readonly #frames: Mutator;
  readonly #seen: Record<Role, Seen> = {
    client: { datagrams: [], frames: [] },
    server: { datagrams: [], frames: [] },
  };
  #originalId: Uint8Array = Buffer.alloc(8);
  #number = 1000;

  constructor(random: Random) {
    this.#random = random;
    this.#bytes = new Mutator({ maxLength: LARGEST, dictionary: HEADERS }, random);
    this.#frames = new Mutator({ maxLength: MOST_FRAMES, dictionary: FRAMES }, random);
  }

  /** A datagram that `sender` sent. */
  note(sender: Role, datagram: Buffer): void {
    const header = isInitial(datagram) ? parseLongHeader(datagram) : undefined;
    // Before the server's answer, a client uses an ID of its own choice: that of the keys.
    if (sender === 'client' && header !== undefined && header.destination.length !== SERVER_ID) {
      this.#originalId = Buffer.from(header.destination);
    }
    const seen = this.#seen[sender];
    remember(seen.datagrams, Buffer.from(datagram));
    const frames = header === undefined ? undefined : openInitial(datagram, this.#keys(sender));
    if (frames !== undefined) remember(seen.frames, frames.subarray(0, MOST_FRAMES));
  }

  /** A datagram that `sender` never sent. */
  make(sender: Role): Buffer {
    const random = this.#random;
    if (random.chance(0.25)) return this.#forge(sender);
    const base = this.#pick(sender);
    const made = Buffer.from(
      this.#bytes.mutate(base, this.#pick(random.chance(0.8) ? sender : other(sender))),
    );
    if (random.chance(0.1)) return Buffer.concat([made, this.#pick(sender)]).subarray(0, LARGEST);
    // First packets that are too short for one would be dropped without a look at what is in them.
    return isLongHeader(made) && made.length < 1200 && random.chance(0.7) ? padded(made) : made;
  }

  /** A datagram that `sender` sent before. */
  repeat(sender: Role): Buffer {
    return this.#pick(sender);
  }

  #pick(sender: Role): Buffer {
    const { datagrams } = this.#seen[sender];
    return datagrams[this.#random.below(datagrams.length)] ?? Buffer.alloc(1200, 0xc0);
  }

  // Properly protected, with anything in it; of the connection that was seen last, or of a new one.
  #forge(sender: Role): Buffer {
    const random = this.#random;
    const seen = parseLongHeader(this.#pick(sender));
    const fresh = seen === undefined || random.chance(0.3);
    if (fresh && sender === 'client')
      this.#originalId = Buffer.from(Array.from({ length: 8 }, () => random.below(256)));
    const { frames } = this.#seen[sender];
    const base = frames[random.below(frames.length)] ?? FRAMES[4] ?? Buffer.alloc(0);
    const made = random.chance(0.5) ? this.#crypto(base) : this.#frames.mutate(base, random.pick(FRAMES));
    const forgery = {
      destination: fresh && sender === 'client' ? this.#originalId : (seen?.destination ?? Buffer.alloc(0)),
      source: fresh ? Buffer.alloc(random.below(21), 3) : seen.source,
      token: random.chance(0.8) ? Buffer.alloc(0) : Buffer.alloc(random.below(60), 0x52),
      number: this.#number++,
      frames: Buffer.from(made),
    };
    return sealInitial(forgery, this.#keys(sender), 1200);
  }

  // The handshake message changed, and its frame as it should be.
  #crypto(frames: Buffer): Buffer {
    const message = this.#frames.mutate(frames.subarray(4), this.#random.pick(FRAMES));
    const head = Buffer.alloc(2 + varintLength(message.length));
    head[0] = 0x06;
    writeVarint(head, 2, message.length);
    return Buffer.concat([head, message]).subarray(0, MOST_FRAMES);
  }

  #keys(sender: Role): InitialKeys {
    return initialKeys(this.#originalId, sender);
  }
}

/** Length of the connection IDs that our server chooses. */
const SERVER_ID = 16;

const HEADERS: readonly Buffer[] = [
  'c000000001',
  'd000000001',
  'e000000001',
  'f000000001',
  '8000000000',
  '40',
  'c06b3343cf',
].map((hex) => Buffer.from(hex, 'hex'));

const other = (role: Role): Role => (role === 'client' ? 'server' : 'client');

const padded = (datagram: Buffer): Buffer => Buffer.concat([datagram, Buffer.alloc(1200 - datagram.length)]);

function remember(list: Buffer[], item: Buffer): void {
  list.push(item);
  if (list.length > MOST_SEEN) list.shift();
}
