import { type Config, isClient } from './schema.ts';

/** Most bytes that the system grants a socket's buffers (Linux: `net.core.rmem_max`, `wmem_max`), where known. */
export interface BufferLimits {
  readonly receive: number | undefined;
  readonly send: number | undefined;
}

/** What a configuration comes to on the link, in sentences: numbers in bytes, seconds and megabits. */
export function describeImplications(config: Config): readonly string[] {
  const { transport } = config;
  const rate = (transport.initial_window / transport.initial_rtt) * 1000;
  const streams = transport.max_concurrent_http_streams + transport.max_upgrades;
  const unread = streams * streamCredit(config);
  return [
    `initial_window of ${bytes(transport.initial_window)} in each initial_rtt of ${transport.initial_rtt} ms: ` +
      `${bytes(Math.round(rate))}/s (${megabits(rate)} Mbit/s) before the window has grown`,
    `first retransmission of the handshake after ${2 * transport.initial_rtt} ms (2 × initial_rtt)`,
    `dead peer noticed after ${transport.max_idle_timeout} ms of silence, ` +
      `or sooner if the other end has a shorter max_idle_timeout`,
    `at most ${bytes(unread)} on the way to us that nobody has taken (requests and upgrades × credit of each)`,
    `at most ${bytes(transport.send_window)} held for the other end`,
  ];
}

/** Values that contradict one another, each with what to do. */
export function findContradictions(config: Config, limits: BufferLimits): readonly string[] {
  return [
    ...windowContradictions(config),
    ...timeContradictions(config),
    ...bufferContradictions(config, limits),
  ];
}

const streamCredit = ({ transport }: Config): number =>
  Math.min(transport.stream_receive_window, transport.receive_window ?? Number.POSITIVE_INFINITY);

// The window that "None" keeps at least.
const MAX_FIXED_WINDOW = 131_054;

function windowContradictions(config: Config): readonly string[] {
  const { transport } = config;
  const { initial_window, send_window, congestion_algorithm, udp_payload_size } = transport;
  // The engine counts the window in units of its largest datagram.
  const windowUnits = congestion_algorithm === 'None' ? 2 : 10;
  const largest = Math.floor(initial_window / windowUnits);
  const credit = streamCredit(config);
  const limit = credit < transport.stream_receive_window ? 'receive_window' : 'stream_receive_window';
  return select([
    [
      credit < initial_window,
      `${limit} of ${bytes(credit)} is under initial_window of ${bytes(initial_window)}: ` +
        'no single body can fill the window; raise it at the receiving end',
    ],
    [
      send_window < initial_window,
      `send_window of ${bytes(send_window)} is under initial_window of ${bytes(initial_window)}: raise send_window`,
    ],
    [
      largest < udp_payload_size,
      `initial_window of ${bytes(initial_window)} makes datagrams of at most ${bytes(largest)}, not of ` +
        `udp_payload_size ${bytes(udp_payload_size)}: raise initial_window to ${bytes(windowUnits * udp_payload_size)}`,
    ],
    [
      congestion_algorithm === 'None' && initial_window > MAX_FIXED_WINDOW,
      `congestion_algorithm "None" lets the window fall to ${bytes(MAX_FIXED_WINDOW)}, the most that it can hold, ` +
        `not only to initial_window of ${bytes(initial_window)}`,
    ],
  ]);
}

function timeContradictions(config: Config): readonly string[] {
  const { max_idle_timeout, keep_alive_interval, initial_rtt } = config.transport;
  const { hold_timeout, connect_interval } = config.system;
  return select([
    [
      2 * keep_alive_interval >= max_idle_timeout,
      `keep_alive_interval of ${keep_alive_interval} ms is not under half of max_idle_timeout ` +
        `(${max_idle_timeout} ms): one lost datagram can end a quiet session; lower keep_alive_interval`,
    ],
    [
      3 * initial_rtt >= max_idle_timeout,
      `three times initial_rtt of ${initial_rtt} ms is not under max_idle_timeout of ${max_idle_timeout} ms: ` +
        'a handshake that loses a datagram cannot succeed; raise max_idle_timeout',
    ],
    [
      isClient(config) && hold_timeout > 0 && hold_timeout < connect_interval,
      `hold_timeout of ${hold_timeout} ms is under connect_interval of ${connect_interval} ms: ` +
        'a request gives up before the next attempt to connect; raise hold_timeout or lower connect_interval',
    ],
  ]);
}

function bufferContradictions({ transport }: Config, limits: BufferLimits): readonly string[] {
  const { socket_receive_buffer_size: receive, socket_send_buffer_size: send, initial_window } = transport;
  const tooSmall =
    `socket_receive_buffer_size of ${bytes(receive ?? 0)} does not hold one initial_window of ` +
    `${bytes(initial_window)}: raise it`;
  return [
    ...whyNotGranted('socket_receive_buffer_size', receive, 'net.core.rmem_max', limits.receive),
    ...whyNotGranted('socket_send_buffer_size', send, 'net.core.wmem_max', limits.send),
    ...select([[receive !== undefined && receive < initial_window, tooSmall]]),
  ];
}

function whyNotGranted(
  key: string,
  asked: number | undefined,
  sysctl: string,
  limit: number | undefined,
): readonly string[] {
  if (asked === undefined || limit === undefined || asked <= limit) return [];
  const found = `${key} of ${bytes(asked)} is over the ${bytes(limit)} that the system grants`;
  return [`${found}: sysctl -w ${sysctl}=${asked}`];
}

type Rule = readonly [applies: boolean, sentence: string];

const select = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(([applies, sentence]) => (applies ? [sentence] : []));

const bytes = (count: number): string => `${count.toLocaleString('en-US')} bytes`;

const megabits = (bytesPerSecond: number): string => ((bytesPerSecond * 8) / 1e6).toFixed(2);
