import { derived, type Table, unset, value } from './key.ts';
import { boolean, integer, ipPort, milliseconds, numberAbove, oneOf } from './types.ts';

/** `[system]`: sessions, requests, limits, logs. Times in milliseconds, sizes in bytes. */
export const SYSTEM = {
  connect_interval: {
    type: milliseconds(10),
    default: value(1000),
    doc: 'From the start of an attempt to connect to the start of the next, at least.',
  },
  tcp_nodelay: {
    type: boolean,
    default: value(true),
    doc: 'Send small segments at once on the HTTP/1.1 sockets (`TCP_NODELAY`).',
  },
  wait_for_first_attempt: {
    type: boolean,
    default: value(true),
    doc: 'In client mode, tell systemd that the service is ready only after the first attempt to connect has ended, well or badly.',
  },
  watchdog_factor: {
    type: numberAbove(1, 1000),
    default: value(1.5),
    doc: "systemd's watchdog is fed at its interval divided by this.",
  },
  add_forwarded: {
    type: boolean,
    default: value(false),
    doc: 'Append a Forwarded element (RFC 7239) to each request.',
  },
  hold_timeout: {
    type: milliseconds(0),
    default: value(5000),
    doc: 'How long a request waits for a tunnel that is down before it is answered 503; 0: not at all.',
  },
  shutdown_timeout: {
    type: milliseconds(0),
    default: value(30_000),
    doc: 'How long requests in flight may still take when the program is told to stop.',
  },
  request_timeout: {
    type: milliseconds(1),
    default: unset('no limit'),
    doc: "Most time from a request's head to its response's head; then 504.",
  },
  stream_idle_timeout: {
    type: milliseconds(1),
    default: value(300_000),
    doc: 'A request, or an upgraded connection, on which no byte moved either way for this long is given up.',
  },
  max_connections: {
    type: integer(1, 1_000_000),
    default: value(10_000),
    mode: 'Client',
    doc: 'HTTP/1.1 connections at once. One more takes the place of the longest idle one; where none is idle, its request is answered 503. Each takes a file descriptor: where fewer may be open, that is the limit.',
  },
  max_header_size: {
    type: integer(1024, 1_048_576, 'bytes'),
    default: value(32_768),
    doc: 'Largest head of a request or response.',
  },
  max_header_count: {
    type: integer(1, 10_000),
    default: value(200),
    doc: 'Most header lines of a request or response.',
  },
  connect_timeout: {
    type: milliseconds(1),
    default: value(5000),
    doc: 'Most time that a connection to the origin may take; then 504.',
  },
  log_level: {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error'),
    default: value('info'),
    doc: 'The least important messages that are logged.',
  },
  log_format: {
    type: oneOf('pretty', 'json'),
    default: derived('`"pretty"` on a terminal, else `"json"`', (from) =>
      from.terminal ? 'pretty' : 'json',
    ),
    doc: 'Log lines for people or for machines.',
  },
  access_log: {
    type: boolean,
    default: value(false),
    doc: 'Log one line for each request when it is over, whatever `log_level` is: method, path, status, bytes, times, and how it ended.',
  },
  access_log_query: {
    type: boolean,
    default: value(false),
    doc: 'Show the query in the lines of `access_log`. Queries may hold secrets.',
  },
  metrics_bind_address: {
    type: ipPort,
    default: unset('not served'),
    doc: 'Where this end is observed over HTTP: `/metrics` for Prometheus, `/healthz`, `/readyz`, and `/status`, which `ptproxy status` shows. Everybody who reaches it can read all of it.',
  },
} as const satisfies Table;
