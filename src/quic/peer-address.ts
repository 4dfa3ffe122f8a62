import type { Buffer } from 'node:buffer';
import { separately } from './coalesced.ts';
import type { EngineAddress, EngineConnection, EngineRecvInfo } from './native.ts';
import { isLongHeader } from './packet.ts';

/** What is needed of the engine. */
type ReceivingEngine = Pick<EngineConnection, 'recv' | 'stats'>;

/**
 * Where the peer is. The engine knows of its first address alone: another one would be another path to it, and what was
 * lost on the former it never sends again (quiche 0.18), nor can it follow more than a few. So a NAT that changes the
 * address looks to the engine like the loss of some packets. RFC 9000 §9 asks for a validation of the new address, which
 * only the engine could do; instead, nobody is followed but a peer that proved who it is, with packets not seen before.
 */
export class PeerAddress {
  #info: EngineRecvInfo | undefined;
  /** Where to send; `undefined` before anything came. */
  current: EngineAddress | undefined;

  /** Whether a datagram may come from `address`: others did, or `mayMove` says that it may change. */
  mayBeAt(address: EngineAddress, mayMove: () => boolean): boolean {
    return this.#isAt(address) || mayMove();
  }

  /** Hands a datagram to the engine. */
  receive(engine: ReceivingEngine, datagram: Buffer, info: EngineRecvInfo): void {
    this.#info ??= info;
    const known = this.#info;
    const moved = !this.#isAt(info.from);
    const packets = moved ? engine.stats().recv : 0;
    if (isLongHeader(datagram)) separately(datagram, (packet) => take(engine, packet, known));
    else take(engine, datagram, known);
    if (moved && engine.stats().recv > packets) this.current = info.from;
  }

  #isAt(address: EngineAddress): boolean {
    this.current ??= address;
    return address.host === this.current.host && address.port === this.current.port;
  }
}

function take(engine: ReceivingEngine, packets: Buffer, info: EngineRecvInfo): void {
  try {
    engine.recv(packets, info);
  } catch {
    // The engine has closed the connection where that was called for, and says so when it is asked next.
  }
}
