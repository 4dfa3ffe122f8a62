import { derived, required, type Table, unset, value } from './key.ts';
import { certificateName, cidrBlocks, host, hostPort, integer, ip, ipPort, oneOf } from './types.ts';

/** `[general]`: which end this is, and its addresses. */
export const GENERAL = {
  mode: {
    type: oneOf('Client', 'Server'),
    default: required,
    doc: 'Which end of the tunnel this is: `"Client"` connects to the peer and takes HTTP/1.1 requests, `"Server"` accepts the peer and sends its requests on.',
  },
  peer_hostname: {
    type: certificateName,
    default: required,
    doc: "Name that the other end's certificate must carry. In client mode also the name asked for in the handshake (SNI) and the default of `connect_address`.",
  },
  quic_port: {
    type: integer(0, 65535),
    default: value(20010),
    doc: 'UDP port of the server end: bound in server mode (0: any free one), dialled in client mode.',
  },
  bind_address: {
    type: ip,
    default: value('::'),
    doc: 'Address that the UDP socket binds. `"::"` takes IPv6 and IPv4; where the host has no IPv6, `0.0.0.0` is taken instead.',
  },
  connect_address: {
    type: host,
    default: derived('`peer_hostname`', (from) => from.peer_hostname),
    mode: 'Client',
    doc: 'Host that the client dials.',
  },
  http_bind_address: {
    type: ipPort,
    default: value({ host: '::', port: 20080 }),
    mode: 'Client',
    doc: 'Where HTTP/1.1 is served (port 0: any free one).',
  },
  http_connect_address: {
    type: hostPort,
    default: required,
    mode: 'Server',
    doc: 'The origin: the HTTP/1.1 service that gets the requests.',
  },
  allow_from: {
    type: cidrBlocks,
    default: unset('every address'),
    mode: 'Server',
    doc: 'Address blocks from which the peer may connect; datagrams from elsewhere are dropped before anything is done for them. What is connected stays so when the list changes.',
  },
} as const satisfies Table;
