import { BlockList, isIPv4 } from 'node:net';

/** Addresses from which connections may come. */
export class AllowList {
  readonly #everybody: boolean;
  // A list for both families would take IPv4 addresses for the IPv6 addresses that they can be mapped to.
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  /** `blocks`: CIDR blocks of IPv4 and IPv6; `undefined` lets every address in. */
  constructor(blocks: readonly string[] | undefined) {
    this.#everybody = blocks === undefined;
    for (const block of blocks ?? []) this.#add(block);
  }

  /** Whether a peer at `host`, a numeric address, may connect. IPv4 within IPv6 counts as IPv4 (RFC 4291 §2.5.5.2). */
  allows(host: string): boolean {
    if (this.#everybody) return true;
    const address = unmapped(host);
    return isIPv4(address) ? this.#ipv4.check(address, 'ipv4') : this.#ipv6.check(address, 'ipv6');
  }

  #add(block: string): void {
    const [address = '', bits = ''] = block.split('/');
    const prefix = Number(bits);
    const inner = unmapped(address);
    const isMapped = inner !== address && prefix >= MAPPED_BITS;
    if (isMapped) this.#ipv4.addSubnet(inner, prefix - MAPPED_BITS, 'ipv4');
    else if (isIPv4(address)) this.#ipv4.addSubnet(address, prefix, 'ipv4');
    else this.#ipv6.addSubnet(address, prefix, 'ipv6');
  }
}

/** The part of an IPv4-mapped IPv6 address that says that it is one, bits. */
const MAPPED_BITS = 96;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4-mapped IPv6 address as IPv4; every other as it is. */
export function unmapped(host: string): string {
  return MAPPED.exec(host)?.[1] ?? host;
}

/** What one party can be expected to have for itself: an IPv4 address, or 64 bits of IPv6 (RFC 6177 §2). */
export function networkOf(host: string): string {
  const address = unmapped(host);
  if (isIPv4(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined && groups.length < 4) {
    const behind = tail === '' ? [] : tail.split(':');
    const zeros = new Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill('0');
    groups.push(...zeros, ...behind);
  }
  return groups.slice(0, 4).join(':');
}
