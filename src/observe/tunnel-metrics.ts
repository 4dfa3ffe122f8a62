import { DROPPED } from '../quic/meter.ts';
import type { ReadMetric, Sample } from './metric.ts';
import type { CertificateReading, EndReadings } from './readings.ts';

const REASONS =
  '`address` (no such name, or unreachable), `silence` (no answer, or none any more), `certificate`, `tls`, `transport`, `http3` (refused, or a breach of the protocol), `internal`';

/** The state of the tunnel, its connections and what they move. */
export const TUNNEL_METRICS: readonly ReadMetric<EndReadings>[] = [
  {
    name: 'ptproxy_tunnel_up',
    type: 'gauge',
    unit: '0 or 1',
    help: 'Whether there is a session that requests can use.',
    read: ({ tunnelUp }) => Number(tunnelUp),
  },
  {
    name: 'ptproxy_ready',
    type: 'gauge',
    unit: '0 or 1',
    help: 'What /readyz says: tunnel up (client); endpoint bound and not draining (server).',
    read: ({ notReady }) => Number(notReady === undefined),
  },
  {
    name: 'ptproxy_connections',
    type: 'gauge',
    unit: 'connections',
    help: 'QUIC connections whose peer has proved who it is.',
    read: ({ quic }) => quic.live.length,
  },
  {
    name: 'ptproxy_connects_total',
    type: 'counter',
    unit: 'connections',
    help: 'Handshakes that came to a good end.',
    read: ({ quic }) => quic.connects,
  },
  {
    name: 'ptproxy_connection_failures_total',
    type: 'counter',
    unit: 'connections',
    labels: {
      phase: '`connecting`, `established` (a client that the server refuses gets as far as this)',
      reason: REASONS,
    },
    help: 'Connections that never came about, or were lost.',
    read: ({ quic }) =>
      Object.entries(quic.failures).flatMap(([phase, reasons]) =>
        Object.entries(reasons).map(([reason, count]): Sample => [{ phase, reason }, count]),
      ),
  },
  {
    name: 'ptproxy_rtt_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Smoothed round-trip time of the newest connection, to the millisecond.',
    read: (end) => newest(end, ({ rtt }) => rtt / 1000),
  },
  {
    name: 'ptproxy_congestion_window_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Congestion window of the newest connection.',
    read: (end) => newest(end, ({ congestionWindow }) => congestionWindow),
  },
  {
    name: 'ptproxy_in_flight_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Sent and not yet acknowledged, of the newest connection: what is taken of its congestion window.',
    read: (end) => newest(end, ({ bytesInFlight }) => bytesInFlight),
  },
  {
    name: 'ptproxy_send_queue_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Waiting to be sent, of the newest connection.',
    read: (end) => newest(end, ({ queuedBytes }) => queuedBytes),
  },
  {
    name: 'ptproxy_delivery_rate_bytes_per_second',
    type: 'gauge',
    unit: 'bytes per second',
    help: 'Rate at which what the newest connection sent was lately acknowledged.',
    read: (end) => newest(end, ({ deliveryRate }) => deliveryRate),
  },
  ...traffic(),
  {
    name: 'ptproxy_datagrams_dropped_total',
    type: 'counter',
    unit: 'datagrams',
    labels: {
      reason: Object.entries(DROPPED)
        .map(([reason, words]) => `\`${reason}\` (${words})`)
        .join(', '),
    },
    help: 'Datagrams that came and were not taken.',
    read: ({ quic }) => Object.entries(quic.drops).map(([reason, count]) => [{ reason }, count]),
  },
  {
    name: 'ptproxy_retries_total',
    type: 'counter',
    unit: 'datagrams',
    help: 'First packets that were answered with a Retry, because many handshakes were under way or had come to nothing; server only.',
    read: ({ quic }) => quic.retries,
  },
  {
    name: 'ptproxy_datagrams_unsent_total',
    type: 'counter',
    unit: 'datagrams',
    help: 'Datagrams that the system did not take: full buffers, no route, a filter.',
    read: ({ quic }) => quic.unsent,
  },
  {
    name: 'ptproxy_streams_in_flight',
    type: 'gauge',
    unit: 'streams',
    help: 'Request streams of the tunnel that are not over.',
    read: ({ streams }) => streams,
  },
  {
    name: 'ptproxy_requests_in_flight',
    type: 'gauge',
    unit: 'requests',
    help: 'Requests that are not over, waiting ones included (client), those at the origin (server).',
    read: ({ requests }) => requests,
  },
  {
    name: 'ptproxy_upgrades_in_flight',
    type: 'gauge',
    unit: 'connections',
    help: 'Upgraded connections, such as WebSockets.',
    read: ({ upgrades }) => upgrades,
  },
  {
    name: 'ptproxy_requests_waiting',
    type: 'gauge',
    unit: 'requests',
    help: 'Requests in line: for the tunnel or a stream of it (client), for their turn (server).',
    read: ({ waiting }) => waiting,
  },
  {
    name: 'ptproxy_origin_connections',
    type: 'gauge',
    unit: 'connections',
    labels: { state: '`busy`, `idle`' },
    help: 'Connections to the origin; server only.',
    read: ({ originConnections }) =>
      Object.entries(originConnections ?? {}).map(([state, count]) => [{ state }, count]),
  },
  ...qpack(),
  ...floods(),
  {
    name: 'ptproxy_flood_places_kept_total',
    type: 'counter',
    unit: 'requests',
    help: 'Requests that clients cancelled when it was too many, so that the next had to wait; server only.',
    read: ({ quic }) => quic.placesKept,
  },
  {
    name: 'ptproxy_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    labels: {
      certificate: '`own`, `chain` (behind our own), `ca` (in tls.ca), `peer`: of several, what ends first',
    },
    help: 'When certificates expire.',
    read: ({ certificates }) => firstToExpire(certificates),
  },
];

function newest(
  { quic }: EndReadings,
  read: (figures: EndReadings['quic']['live'][number]['connection']['figures']) => number,
): number | undefined {
  const connection = quic.live.at(-1)?.connection;
  return connection === undefined ? undefined : read(connection.figures);
}

function traffic(): readonly ReadMetric<EndReadings>[] {
  const kinds = [
    ['ptproxy_packets_sent_total', 'packets', 'sentPackets', 'QUIC packets sent.'],
    ['ptproxy_packets_received_total', 'packets', 'receivedPackets', 'QUIC packets received.'],
    ['ptproxy_packets_lost_total', 'packets', 'lostPackets', 'Packets sent that the link has lost.'],
    [
      'ptproxy_packets_retransmitted_total',
      'packets',
      'retransmittedPackets',
      'Packets with something that was sent before.',
    ],
    ['ptproxy_sent_bytes_total', 'bytes', 'sentBytes', 'Bytes of QUIC packets sent.'],
    ['ptproxy_received_bytes_total', 'bytes', 'receivedBytes', 'Bytes of QUIC packets received.'],
    ['ptproxy_lost_bytes_total', 'bytes', 'lostBytes', 'Bytes of packets that the link has lost.'],
    [
      'ptproxy_retransmitted_bytes_total',
      'bytes',
      'retransmittedBytes',
      'Bytes of streams that were sent again.',
    ],
  ] as const;
  return kinds.map(([name, unit, key, help]) => ({
    name,
    type: 'counter',
    unit,
    help,
    read: ({ quic }) => quic.traffic[key],
  }));
}

function qpack(): readonly ReadMetric<EndReadings>[] {
  const kinds = [
    ['ptproxy_qpack_lines_total', 'field lines', 'lines', 'Header lines that were sent through the tunnel.'],
    [
      'ptproxy_qpack_indexed_lines_total',
      'field lines',
      'indexedLines',
      'Of them, those that a table had, name and value: a byte or two each.',
    ],
    ['ptproxy_qpack_plain_bytes_total', 'bytes', 'plainBytes', 'Bytes of their names and values.'],
    ['ptproxy_qpack_encoded_bytes_total', 'bytes', 'encodedBytes', 'Bytes that these took on the wire.'],
  ] as const;
  return kinds.map(([name, unit, key, help]) => ({
    name,
    type: 'counter',
    unit,
    help,
    read: ({ qpack }) => qpack[key],
  }));
}

function floods(): readonly ReadMetric<EndReadings>[] {
  const kinds = [
    [
      'useless_units',
      'units',
      'uselessUnits',
      'What peers made this end do in vain, as SECURITY.md lists it.',
    ],
    ['closed_connections', 'connections', 'connectionsClosed', 'Connections closed because it was too much.'],
    [
      'late_heads',
      'requests',
      'lateHeads',
      'Requests given up because their head took too long; server only.',
    ],
    [
      'untaken_answers',
      'answers',
      'untakenAnswers',
      'Answers cut because the peer gave no credit; server only.',
    ],
  ] as const;
  return kinds.map(([name, unit, key, help]) => ({
    name: `ptproxy_flood_${name}_total`,
    type: 'counter',
    unit,
    help,
    read: ({ floods }) => floods[key],
  }));
}

function firstToExpire(certificates: readonly CertificateReading[]): readonly Sample[] {
  const first = new Map<string, number>();
  for (const { whose, notAfter } of certificates) {
    first.set(whose, Math.min(first.get(whose) ?? Number.POSITIVE_INFINITY, notAfter));
  }
  return [...first].map(([certificate, notAfter]) => [{ certificate }, notAfter / 1000]);
}
