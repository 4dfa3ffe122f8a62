import type { CertificateStatus, ConnectionStatus, PeerStatus, StatusDocument } from './status-document.ts';

/** Most connections and warnings that are shown: the rest is in `--json`. */
const CONNECTIONS = 5;
const PROBLEMS = 6;

/** A status for people: at most a screen of lines, each with its line end. `width`: characters of a line. */
export function statusView(status: StatusDocument, width: number): string {
  const now = Date.parse(status.now);
  const { version, mode, pid, started } = status;
  const title = `ptproxy ${version}, ${mode} end, process ${pid}, running for ${span(now - Date.parse(started))}`;
  const lines = [
    title,
    verdict(status),
    '',
    ...rows([
      ['Connections', connectionLines(status, now)],
      ['Peer', status.peer.slice(0, CONNECTIONS).map((peer) => peerLine(peer, status))],
      ['Requests', requestLines(status)],
      ['Traffic', trafficLines(status)],
      ['Origin', originLines(status)],
      ['Certificates', earliest(status.certificates).map((certificate) => certificateLine(certificate, now))],
      ['Failures', failureLines(status, now)],
    ]),
    ...problemLines(status, now),
  ];
  return lines.map((line) => `${cut(line, width)}\n`).join('');
}

function verdict({ ready, not_ready_because, state }: StatusDocument): string {
  return ready ? `ready: ${state}` : `NOT READY: ${not_ready_because ?? state}`;
}

/** Lines under one name each; names without lines are left out. */
function rows(sections: readonly (readonly [name: string, lines: readonly string[]])[]): readonly string[] {
  return sections.flatMap(([name, lines]) =>
    lines.map((line, index) => `${(index === 0 ? name : '').padEnd(14)}${line}`),
  );
}

function connectionLines(
  { connections, connects, settings }: StatusDocument,
  now: number,
): readonly string[] {
  if (connections.length === 0) return [`none (${count(connects, 'handshake')} so far)`];
  const window = settings.transport?.initial_window;
  const lines = connections.slice(-CONNECTIONS).map((connection) => connectionLine(connection, now));
  const hidden = connections.length - lines.length;
  return [
    ...lines,
    ...(hidden > 0 ? [`and ${hidden} more`] : []),
    `${count(connects, 'handshake')} so far; initial_window ${window} bytes`,
  ];
}

function connectionLine(connection: ConnectionStatus, now: number): string {
  const { address, since, rtt, congestion_window, in_flight, delivery_rate } = connection;
  // What a socket for both families says of IPv4.
  const plain = address.replace(/^\[::ffff:(.*)\]/, '$1');
  return [
    `${plain} for ${span(now - Date.parse(since))}`,
    `rtt ${rtt.toFixed(0)} ms`,
    `window ${size(congestion_window)}`,
    `in flight ${size(in_flight)}`,
    `delivering ${size(delivery_rate)}/s`,
  ].join(', ');
}

/** Of its settings, those that are not as ours. */
function peerLine({ version, settings }: PeerStatus, status: StatusDocument): string {
  const own: Readonly<Record<string, unknown>> = { ...status.settings.system, ...status.settings.transport };
  const others = Object.entries(settings).filter(([key, value]) => own[key] !== value);
  const differences = others.map(([key, value]) => `${key} ${value}`).join(', ');
  return `ptproxy ${version ?? 'of unknown version'}, ${differences === '' ? 'set as this end' : `other settings: ${differences}`}`;
}

function requestLines({ requests }: StatusDocument): readonly string[] {
  const { in_flight, waiting, upgrades, over, aborted, failed, duration_p50, duration_p99 } = requests;
  const total = Object.values(over).reduce((sum, each) => sum + each, 0);
  const kinds = Object.entries(over).map(([status, each]) => `${status} ${grouped(each)}`);
  const served = `${count(total, 'request')} over${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`;
  const lines = [
    `${in_flight} in flight, ${waiting} waiting, ${upgrades} upgraded`,
    `${served}, ${grouped(aborted)} aborted, ${grouped(failed)} failed`,
  ];
  if (total === 0 || duration_p50 === null) return lines;
  const slow = duration_p99 === null ? 'some over a minute' : `99 in 100 within ${duration_p99} ms`;
  return [...lines, `half within ${duration_p50} ms, ${slow}`];
}

function trafficLines({ traffic, datagrams_dropped }: StatusDocument): readonly string[] {
  const { sentBytes = 0, receivedBytes = 0, sentPackets = 0, lostPackets = 0 } = traffic;
  const share = sentPackets === 0 ? 0 : (lostPackets / sentPackets) * 100;
  const lost = `${grouped(lostPackets)} of ${count(sentPackets, 'packet')} lost (${share.toFixed(2)} %)`;
  const drops = Object.entries(datagrams_dropped).map(([reason, each]) => `${reason} ${grouped(each)}`);
  const lines = [`${size(sentBytes)} sent, ${size(receivedBytes)} received; ${lost}`];
  return drops.length === 0 ? lines : [...lines, `datagrams dropped: ${drops.join(', ')}`];
}

function originLines({ origin_connections: origin }: StatusDocument): readonly string[] {
  return origin === null ? [] : [`${origin.busy} connections busy, ${origin.idle} idle`];
}

/** Of each kind, what ends first. */
function earliest(certificates: readonly CertificateStatus[]): readonly CertificateStatus[] {
  const first = new Map<string, CertificateStatus>();
  for (const certificate of certificates) {
    const known = first.get(certificate.whose);
    if (known === undefined || certificate.expires < known.expires) first.set(certificate.whose, certificate);
  }
  return [...first.values()];
}

function certificateLine({ whose, subject, expires }: CertificateStatus, now: number): string {
  const left = Date.parse(expires) - now;
  const when = left > 0 ? `for another ${span(left)}` : `EXPIRED ${span(-left)} ago`;
  return `${whose}: ${when}, until ${expires.slice(0, 10)} (${subject})`;
}

function failureLines({ connection_failures, last_failure }: StatusDocument, now: number): readonly string[] {
  if (last_failure === null) return ['none'];
  const kinds = Object.entries(connection_failures).map(([kind, each]) => `${kind} ${grouped(each)}`);
  return [kinds.join(', '), `last ${span(now - Date.parse(last_failure.time))} ago: ${last_failure.reason}`];
}

function problemLines({ problems }: StatusDocument, now: number): readonly string[] {
  if (problems.length === 0) return [];
  const recent = problems.slice(-PROBLEMS).map(({ time, level, message }) => {
    return `  ${span(now - Date.parse(time))} ago, ${level}: ${message}`;
  });
  return ['', 'Warnings and errors, oldest first', ...recent];
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** A time in its two largest units. */
function span(milliseconds: number): string {
  const at = UNITS.findIndex(([length]) => milliseconds >= length);
  if (at < 0) return '0 s';
  let left = milliseconds;
  const parts = UNITS.slice(at, at + 2).map(([length, unit]) => {
    const whole = Math.floor(left / length);
    left -= whole * length;
    return `${whole} ${unit}`;
  });
  return parts.filter((part, index) => index === 0 || !part.startsWith('0 ')).join(' ');
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${Math.round(bytes)} B`;
  if (bytes < 10_000_000) return `${(bytes / 1000).toFixed(0)} KB`;
  return bytes < 1e10 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

const grouped = (value: number): string => value.toLocaleString('en-US');

const count = (value: number, unit: string): string => `${grouped(value)} ${unit}${value === 1 ? '' : 's'}`;

// What peers and logs say may hold what a terminal takes for commands.
const cut = (line: string, width: number): string => {
  const text = line.replaceAll(/\p{Cc}/gu, ' ');
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
};
