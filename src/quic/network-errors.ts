/** Errors with which this host itself says that it has no way to the peer; nobody else can make them up. */
const LOCAL: Readonly<Record<string, string>> = {
  ENETUNREACH: 'this host has no route there',
  EHOSTUNREACH: 'the host, or the router to it, does not answer',
  ENETDOWN: 'the network interface is down',
  EADDRNOTAVAIL: 'this host has lost the address that it sent from',
  EINVAL: 'this host has lost the address that it sent from',
  ENODEV: 'the network interface is gone',
  EACCES: 'this host does not allow it: see its routes and firewall',
  EPERM: 'a firewall on this host does not allow it',
};

/** Whether the system's `code` for a datagram that was not sent says that others will not be either. */
export function isLocalFault(code: string): boolean {
  return code in LOCAL;
}

/** Whether `code` is about a single datagram, and of no consequence. */
export function isPassing(code: string): boolean {
  return ['ENOBUFS', 'EAGAIN', 'ENOMEM', 'ERR_SOCKET_DGRAM_NOT_RUNNING'].includes(code);
}

/** What the network or the system said of datagrams to a UDP port, in words. */
export function describeNetworkError(code: string, port: number): string {
  const local = LOCAL[code];
  if (local !== undefined) return `${local} (${code})`;
  return code === 'ECONNREFUSED' ? `nothing listens on UDP port ${port} there (${code})` : code;
}
