import { derived, type Table, unset, value } from './key.ts';
import { fieldNames, integer, milliseconds, oneOf } from './types.ts';

const TERA = 2 ** 40;

/** `[transport]`: the QUIC connection. Times in milliseconds, sizes in bytes. */
export const TRANSPORT = {
  max_idle_timeout: {
    type: milliseconds(100),
    default: value(5000),
    doc: "The connection is given up when nothing was heard for this long. The smaller of both ends' values counts.",
  },
  keep_alive_interval: {
    type: milliseconds(10),
    default: value(2000),
    doc: 'A PING is sent after this much silence. Must be under `max_idle_timeout`.',
  },
  initial_rtt: {
    type: milliseconds(1, 60_000),
    default: value(333),
    doc: "The link's round-trip time, assumed until it has been measured: sets the handshake's retransmission (after twice this) and the first sending rate.",
  },
  max_concurrent_http_streams: {
    type: integer(1, 100_000),
    default: value(100),
    doc: "Requests in flight at once; the server's value counts, and what exceeds it waits.",
  },
  max_upgrades: {
    type: integer(0, 100_000),
    default: value(10_000),
    doc: 'WebSockets and other upgraded connections at once that the server allows, beside `max_concurrent_http_streams`; more are answered 503. Each takes a file descriptor at both ends.',
  },
  stream_receive_window: {
    type: integer(1200, TERA, 'bytes'),
    default: value(16_000_000),
    doc: 'Flow-control credit of each stream: how much of one body may be under way, not yet taken by its receiver. A body longer than this stalls once, for a few round trips.',
  },
  initial_window: {
    type: integer(12_000, 655_270, 'bytes'),
    default: value(14_720),
    doc: 'Congestion window at the start: what is sent in the first round trip. For a known link, bandwidth × round-trip time. The window moves in steps of a tenth of it, and does not fall under a fifth (`"Cubic"`, `"NewReno"`) or four tenths (`"Bbr"`): a floor that suits a link whose bandwidth is guaranteed.',
  },
  receive_window: {
    type: integer(1200, TERA, 'bytes'),
    default: unset('no cap beyond `stream_receive_window`'),
    doc: "Caps each stream's credit. (A bound on the whole connection would slow sessions down as they age.)",
  },
  send_window: {
    type: integer(1200, TERA, 'bytes'),
    default: derived('4 × `initial_window`, at least 8000000', (from) =>
      Math.max(4 * from.initial_window, 8_000_000),
    ),
    doc: 'Most bytes held for the peer that the transport has not yet taken; beyond it the sender has to wait.',
  },
  socket_receive_buffer_size: {
    type: integer(4096, 2 ** 30 - 1, 'bytes'),
    default: unset('as much of 4194304 as the system grants'),
    doc: 'Receive buffer of the UDP socket (`SO_RCVBUF`). On Linux at most `net.core.rmem_max`.',
  },
  socket_send_buffer_size: {
    type: integer(4096, 2 ** 30 - 1, 'bytes'),
    default: unset("the system's"),
    doc: 'Send buffer of the UDP socket (`SO_SNDBUF`). On Linux at most `net.core.wmem_max`.',
  },
  congestion_algorithm: {
    type: oneOf('Bbr', 'Cubic', 'NewReno', 'None'),
    default: value('Bbr'),
    doc: 'Congestion control. `"None"` is for lossy links of guaranteed bandwidth: the window does not fall under `initial_window` or 131054 bytes, whichever is less, and pacing and the bytes in flight stay bound by `initial_window`.',
  },
  udp_payload_size: {
    type: integer(1200, 16_383, 'bytes'),
    default: value(1350),
    doc: 'Size of the UDP datagrams sent, as far as a tenth of `initial_window` allows. The whole path must carry it.',
  },
  max_egress_rate: {
    type: integer(1000, TERA, 'bytes/s'),
    default: unset('no limit'),
    doc: 'Most that is sent to the peer, all told: a cap on top of congestion control.',
  },
  qpack_max_table_capacity: {
    type: integer(0, 1_048_576, 'bytes'),
    default: value(16_384),
    doc: 'Dynamic table for the header fields that come from the other end, so that those sent before cost a byte or two (RFC 9204); what goes there is compressed with as much of its table. 0 does without.',
  },
  qpack_blocked_streams: {
    type: integer(0, 100_000),
    default: value(100),
    doc: 'Streams that may wait for a part of the dynamic table that was lost on the way, for a round trip as a rule. With fewer, header fields are sent in full until the other end is known to have them.',
  },
  qpack_never_indexed: {
    type: fieldNames,
    default: value<readonly string[]>([]),
    doc: 'Header fields whose values are secrets: like those of `authorization`, `cookie`, `set-cookie` and a few more, they never go into the dynamic table, where other users of the tunnel could find them out by trying. SECURITY.md has the whole list.',
  },
  redundancy: {
    type: oneOf('Off', 'Auto', 'On'),
    default: value('Auto'),
    doc: 'Send datagrams that have nothing behind them a second time, 4 ms later, so that the loss of one costs no round trip. `"Auto"`: while losses are over 0.1 %. Takes at most a tenth of the sending rate.',
  },
} as const satisfies Table;
