import { describe, expect, it } from 'vitest';
import type { EngineAddress, EngineRecvInfo } from './native.ts';
import { PeerAddress } from './peer-address.ts';

const HERE = { host: '192.0.2.1', port: 1 };
const THERE = { host: '192.0.2.1', port: 2 };
const TO = { host: '192.0.2.9', port: 20010 };

/** Takes every datagram for a new packet but those that are empty, and throws for those of one byte. */
class Engine {
  readonly heard: EngineAddress[] = [];
  #packets = 0;

  recv(datagram: Uint8Array, { from }: EngineRecvInfo): number {
    this.heard.push(from);
    if (datagram.length === 1) throw new Error('no packet');
    if (datagram.length > 0) this.#packets++;
    return datagram.length;
  }

  stats(): never {
    return { recv: this.#packets } as never;
  }
}

describe("the peer's address", () => {
  it('is where packets that were not seen before come from', () => {
    const [peer, engine] = [new PeerAddress(), new Engine()];
    const receive = (length: number, from: EngineAddress): EngineAddress | undefined => {
      peer.receive(engine, Buffer.alloc(length), { from, to: TO });
      return peer.current;
    };
    expect(receive(100, HERE)).toEqual(HERE);
    expect(receive(0, THERE)).toEqual(HERE);
    expect(receive(1, THERE)).toEqual(HERE);
    expect(receive(100, THERE)).toEqual(THERE);
    expect(receive(100, HERE)).toEqual(HERE);
    expect(engine.heard).toEqual([HERE, HERE, HERE, HERE, HERE]);
  });

  it('is one for a peer that must not move', () => {
    const [peer, engine] = [new PeerAddress(), new Engine()];
    const no = () => false;
    expect(peer.mayBeAt(HERE, no)).toBe(true);
    peer.receive(engine, Buffer.alloc(100), { from: HERE, to: TO });
    expect([peer.mayBeAt(HERE, no), peer.mayBeAt(THERE, no), peer.mayBeAt(THERE, () => true)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});
