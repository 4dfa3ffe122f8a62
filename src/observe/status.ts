import type { LoggedProblem } from './problem-log.ts';
import type { CertificateReading, EndReadings, PeerReading } from './readings.ts';
import type { RequestMeter } from './request-meter.ts';
import type {
  CertificateStatus,
  ConnectionStatus,
  PeerStatus,
  RequestStatus,
  StatusDocument,
} from './status-document.ts';

/** What a status is made of. */
export interface StatusSources {
  readonly version: string;
  readonly mode: 'client' | 'server';
  readonly state: string;
  readonly notReady: string | undefined;
  /** `undefined` while the end is not there yet. */
  readonly end: EndReadings | undefined;
  readonly requests: RequestMeter;
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly problems: readonly LoggedProblem[];
}

/** What is known now. */
export function statusDocument(sources: StatusSources): StatusDocument {
  const { end, notReady } = sources;
  const { quic } = end ?? {};
  const failure = quic?.lastFailure;
  return {
    program: 'ptproxy',
    version: sources.version,
    node: process.version,
    mode: sources.mode,
    pid: process.pid,
    started: iso(performance.timeOrigin),
    now: iso(Date.now()),
    state: sources.state,
    ready: notReady === undefined,
    not_ready_because: notReady ?? null,
    connections: quic?.live.map(connectionStatus) ?? [],
    connects: quic?.connects ?? 0,
    connection_failures: quic === undefined ? {} : failures(quic),
    last_failure: failure === undefined ? null : { time: iso(failure.at), reason: failure.reason },
    requests: requestStatus(sources.requests, end),
    traffic: { ...quic?.traffic },
    datagrams_dropped: occurred(quic?.drops ?? {}),
    origin_connections: end?.originConnections ?? null,
    certificates: end?.certificates.map(certificateStatus) ?? [],
    peer: end?.peers.map(peerStatus) ?? [],
    settings: readable(sources.settings),
    problems: sources.problems.map(({ at, level, message }) => ({ time: iso(at), level, message })),
  };
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

function connectionStatus({
  connection,
  address,
  since,
}: EndReadings['quic']['live'][number]): ConnectionStatus {
  const { rtt, congestionWindow, bytesInFlight, deliveryRate } = connection.figures;
  return {
    connection: connection.id,
    address,
    since: iso(since),
    rtt,
    congestion_window: congestionWindow,
    in_flight: bytesInFlight,
    delivery_rate: deliveryRate,
  };
}

function failures({ failures }: EndReadings['quic']): Readonly<Record<string, number>> {
  const flat = Object.entries(failures).flatMap(([phase, reasons]) =>
    Object.entries(reasons).map(([reason, count]) => [`${phase}: ${reason}`, count] as const),
  );
  return occurred(Object.fromEntries(flat));
}

const occurred = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

function requestStatus(meter: RequestMeter, end: EndReadings | undefined): RequestStatus {
  const bound = (quantile: number): number | null => {
    const seconds = meter.duration.bound(quantile);
    return seconds === undefined ? null : seconds * 1000;
  };
  return {
    in_flight: end?.requests ?? 0,
    waiting: end?.waiting ?? 0,
    upgrades: end?.upgrades ?? 0,
    over: occurred(meter.statuses),
    aborted: meter.outcomes.aborted,
    failed: meter.outcomes.failed,
    request_bytes: meter.requestBytes,
    response_bytes: meter.responseBytes,
    duration_p50: bound(0.5),
    duration_p99: bound(0.99),
  };
}

const certificateStatus = ({ whose, subject, notAfter }: CertificateReading): CertificateStatus => ({
  whose,
  subject,
  expires: iso(notAfter),
});

const peerStatus = ({ connection, version, certificateExpires, settings }: PeerReading): PeerStatus => ({
  connection,
  version: version ?? null,
  certificate_expires: certificateExpires === undefined ? null : iso(certificateExpires),
  settings,
});

/** Addresses as they are written; keys without value are left out. */
function readable(settings: StatusSources['settings']): StatusDocument['settings'] {
  const sections = Object.entries(settings).map(([section, values]) => {
    const entries = Object.entries(values).filter(([, value]) => value !== undefined);
    return [section, Object.fromEntries(entries.map(([key, value]) => [key, shown(value)]))];
  });
  return Object.fromEntries(sections);
}

function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('host' in value) || !('port' in value)) return value;
  const host = String(value.host);
  return host.includes(':') ? `[${host}]:${value.port}` : `${host}:${value.port}`;
}
