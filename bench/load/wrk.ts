/** wrk, the load generator of Debian: a closed loop of so many connections. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { versionOf } from '../programs.ts';

export const wrkVersion = versionOf('wrk', ['-v'], /wrk (\S+)/);

export interface WrkOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface WrkResult {
  readonly requests: number;
  /** Sockets that failed and answers other than 2xx and 3xx. */
  readonly failed: number;
  /** What it really took. */
  readonly seconds: number;
  /** Answers, heads included, as they were read. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Keeps `connections` busy for `seconds`. */
export async function wrk({ port, path, connections, seconds }: WrkOptions): Promise<WrkResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '--latency'];
  const { stdout } = await promisify(execFile)('wrk', [...args, `http://127.0.0.1:${port}${path}`]);
  const total = match(stdout, /(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read/);
  return {
    requests: Number(total[1]),
    seconds: milliseconds(total[2] ?? '') / 1000,
    bytes: bytes(total[3] ?? ''),
    failed: failures(stdout),
    p50: milliseconds(match(stdout, /^\s+50%\s+(\S+)/m)[1] ?? ''),
    p99: milliseconds(match(stdout, /^\s+99%\s+(\S+)/m)[1] ?? ''),
  };
}

function failures(output: string): number {
  const sockets = /connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0';
  return [...sockets, statuses].reduce((total, count) => total + Number(count), 0);
}

function match(output: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(output);
  if (found === null) throw new Error(`wrk said nothing that fits ${pattern}:\n${output}`);
  return found;
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

function milliseconds(text: string): number {
  return scaled(text, MILLISECONDS);
}

const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

function bytes(text: string): number {
  return scaled(text, BYTES);
}

function scaled(text: string, units: Readonly<Record<string, number>>): number {
  const [, number, unit = ''] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
