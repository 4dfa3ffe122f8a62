import { get, type IncomingMessage } from 'node:http';
import type { StatusDocument } from './status-document.ts';

/** Where a status is asked for. */
export interface StatusAddress {
  readonly host: string;
  readonly port: number;
}

/** There is no status. The message says why, and what to do. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
}

/** For the answer to come, milliseconds, and most bytes of it. */
const PATIENCE = 3000;
const MAX_SIZE = 1_048_576;

/** Asks a running end for its status. Throws a {@link StatusError}. */
export async function fetchStatus(address: StatusAddress, shown: string): Promise<StatusDocument> {
  const { status, body } = await fetch(address).catch((error: unknown) => {
    throw new StatusError(`${shown}: ${reason(error)}`);
  });
  const document = parse(body);
  if (status !== 200 || !isStatus(document)) {
    throw new StatusError(
      `${shown}: what answers there is not ptproxy (status ${status}): compare system.metrics_bind_address with what the running end was started with`,
    );
  }
  return document;
}

function fetch({ host, port }: StatusAddress): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path: '/status', agent: false, signal: AbortSignal.timeout(PATIENCE) };
    const request = get(options, (response) => {
      collect(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.on('error', reject);
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_SIZE) throw new Error('the answer has no end: that is not ptproxy');
  }
  return Buffer.concat(chunks).toString();
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

// What says so of itself is taken at its word.
const isStatus = (document: unknown): document is StatusDocument =>
  typeof document === 'object' &&
  document !== null &&
  'program' in document &&
  document.program === 'ptproxy';

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED): is this end running?';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${PATIENCE} ms`;
  if (code.startsWith('HPE_') || code === 'ECONNRESET') return `what answers there is not ptproxy (${code})`;
  return error.message;
}
