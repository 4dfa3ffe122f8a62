/** The two ends of the connection that a request came by. */
export interface Hop {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** An element of Forwarded (RFC 7239 §4): who sent the request, to which address of ours, by which protocol. */
export function forwardedElement(hop: Hop, proto: 'http' | 'http3'): string {
  return `for=${node(hop.remoteAddress, hop.remotePort)};by=${node(hop.localAddress, hop.localPort)};proto=${proto}`;
}

// RFC 7239 §6: a node with a port is quoted, and an IPv6 address is in brackets.
function node(address: string, port: number): string {
  const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return plain.includes(':') ? `"[${plain}]:${port}"` : `"${plain}:${port}"`;
}

// An IPv4 peer of a dual-stack socket (RFC 4291 §2.5.5.2).
const MAPPED = '::ffff:';
