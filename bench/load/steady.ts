/** Requests at a fixed rate, whatever becomes of them: an open loop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { closeAll, LoadConnection } from './connection.ts';

const TICKER = fileURLToPath(new URL('ticker.ts', import.meta.url));

export interface SteadyOptions {
  readonly port: number;
  readonly path: string;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Hears of requests that failed, which otherwise end it all; their times are left out. */
  readonly onFailed?: (error: unknown) => void;
}

/**
 * Milliseconds of each answer, from the moment when its request was due: one that could not be sent in time because
 * those before it were slow counts as late too, else slowness would hide itself (coordinated omission).
 */
export async function steadily({ port, path, rate, seconds, onFailed }: SteadyOptions): Promise<number[]> {
  const free: LoadConnection[] = [];
  const times: Promise<number>[] = [];
  const send = async (due: number): Promise<number> => {
    const connection = free.pop() ?? (await LoadConnection.open(port));
    await connection.get(path);
    free.push(connection);
    return Number(process.hrtime.bigint()) / 1e6 - due;
  };
  const failed = (error: unknown): number => {
    onFailed?.(error);
    return Number.NaN;
  };
  const args = ['--import', 'tsx', TICKER, `${rate}`, `${seconds}`];
  const ticker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let start: number | undefined;
  ticker.stdout.on('data', (output: Buffer) => {
    const ticks = start === undefined ? output.length - 8 : output.length;
    start ??= Number(output.readBigUInt64LE()) / 1e6;
    for (let n = 0; n < ticks; n++) {
      const time = send(start + ((times.length + 1) * 1000) / rate);
      times.push(onFailed === undefined ? time : time.catch(failed));
    }
  });
  await once(ticker.stdout, 'end');
  const result = await Promise.all(times);
  closeAll(free);
  return result.filter((time) => !Number.isNaN(time));
}
