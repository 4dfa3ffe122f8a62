/**
 * The one place that knows which engine runs QUIC: Cloudflare quiche as a native module. Its JavaScript classes are
 * left alone; the native calls are many times faster and have more knobs.
 */
import engine from '@matrixai/quic/native/quiche.js';
import type { Config, Connection, Host, RecvInfo } from '@matrixai/quic/native/types.js';

export type EngineConfig = Config;
export type EngineConnection = Connection;
export type EngineAddress = Host;
export type EngineRecvInfo = RecvInfo;

export const quiche = engine;

/** Directions of `streamShutdown`. */
export const SHUTDOWN_READ = 0;
export const SHUTDOWN_WRITE = 1;

const STREAM_CODE = /^Stream(Reset|Stopped)\((\d+)\)/;

/** How a native stream call failed: the engine throws texts, and only these two carry a code. */
export type StreamCallFailure =
  | { readonly kind: 'reset' | 'stopped'; readonly code: number }
  | { readonly kind: 'gone' };

/** Reads what a native stream call threw. `gone`: the stream is over, unknown, or not ours to use. */
export function streamCallFailure(error: unknown): StreamCallFailure {
  const match = STREAM_CODE.exec(errorText(error));
  if (match === null) return { kind: 'gone' };
  return { kind: match[1] === 'Reset' ? 'reset' : 'stopped', code: Number(match[2]) };
}

/** What the engine threw, as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
