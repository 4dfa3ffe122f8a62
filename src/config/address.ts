import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Where to listen or what to dial: an IP address or host name (IPv6 without brackets) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address (RFC 3986 §3.2.2). */
export function formatAddress(address: Address): string {
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Splits `host:port` or `[ipv6]:port`; `undefined` when it is neither. The host may still be anything. */
function splitAddress(text: string): (Address & { readonly bracketed: boolean }) | undefined {
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (match === null || host === undefined || port > 65535) return undefined;
  return { host, port, bracketed: match[1] !== undefined };
}

/** An IP address and a port, where port 0 means any free one; `undefined` when `text` is something else. */
export function parseIpPort(text: string): Address | undefined {
  const address = splitAddress(text);
  if (address === undefined) return undefined;
  const { host, port, bracketed } = address;
  return (bracketed ? isIPv6(host) : isIPv4(host)) ? { host, port } : undefined;
}

/** A host name or IP address and a port to dial (not 0); `undefined` when `text` is something else. */
export function parseHostPort(text: string): Address | undefined {
  const address = splitAddress(text);
  if (address === undefined || address.port === 0) return undefined;
  const { host, port, bracketed } = address;
  return (bracketed ? isIPv6(host) : isHost(host)) ? { host, port } : undefined;
}

/**
 * Something that can be dialled: an IP address or a name. Beyond {@link isHostname}, names may hold underscores and
 * end with a dot: resolvers take both, and container networks use the first.
 */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostname(text.replace(/\.$/, ''), DIALLED_LABEL);
}

/** A name that a certificate can carry: an IP address or a host name of letters, digits and hyphens. */
export function isCertificateName(text: string): boolean {
  return isIP(text) !== 0 || isHostname(text, LDH_LABEL);
}

/** A block of IP addresses such as `10.0.0.0/8` or `2001:db8::/32`. */
export function isCidrBlock(text: string): boolean {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (match === null) return false;
  const family = isIP(match[1] ?? '');
  return family !== 0 && Number(match[2]) <= (family === 4 ? 32 : 128);
}

// RFC 1123 §2.1.
const LDH_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const DIALLED_LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i;

// A last label of digits alone would be a mistyped IPv4 address.
function isHostname(text: string, label: RegExp): boolean {
  const labels = text.split('.');
  if (text.length > 253 || /^\d+$/.test(labels.at(-1) ?? '')) return false;
  return labels.every((part) => part.length <= 63 && label.test(part));
}
