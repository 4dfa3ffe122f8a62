/** Ends, origins and clients that are gone when the test is over. */
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Origin, startOrigin, startRawOrigin } from '../support/origin.ts';
import { CliProcess, type ProcessOptions } from '../support/process.ts';
import {
  type ClientEnd,
  type EndOptions,
  type ServerEnd,
  startClientEnd,
  startServerEnd,
} from '../support/tunnel.ts';

/** An origin for the time of the test. */
export async function origin(listener: RequestListener): Promise<Origin> {
  return forThisTest(await startOrigin(listener));
}

/** The same, in bytes. */
export async function rawOrigin(onConnection: (socket: Socket) => void): Promise<Origin> {
  return forThisTest(await startRawOrigin(onConnection));
}

/** The command line for the time of the test. */
export function ptproxy(args: readonly string[], options?: ProcessOptions): CliProcess {
  const process = new CliProcess(args, options);
  onTestFinished(() => kill(process));
  return process;
}

/** A server end for the time of the test. */
export async function serverEnd(originPort: number, options?: EndOptions): Promise<ServerEnd> {
  const end = await startServerEnd(originPort, options);
  onTestFinished(() => kill(end.process));
  return end;
}

/** A client end for the time of the test. */
export async function clientEnd(quicPort: number, options?: EndOptions): Promise<ClientEnd> {
  const end = await startClientEnd(quicPort, options);
  onTestFinished(() => kill(end.process));
  return end;
}

export interface Tunnel {
  readonly server: ServerEnd;
  readonly client: ClientEnd;
}

/** Both ends, with the tunnel ready. */
export async function tunnel(
  originPort: number,
  options: { readonly server?: EndOptions; readonly client?: EndOptions } = {},
): Promise<Tunnel> {
  const server = await serverEnd(originPort, options.server);
  const client = await clientEnd(server.quicPort, options.client);
  await client.process.waitForLog(/tunnel ready/);
  return { server, client };
}

async function kill(process: CliProcess): Promise<void> {
  process.signal('SIGKILL');
  await process.exited;
}

function forThisTest(started: Origin): Origin {
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= started.stop();
    return stopped;
  };
  onTestFinished(stop);
  return { port: started.port, stop };
}
