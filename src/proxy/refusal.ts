import type { RequestStream } from '../h3/port.ts';
import { failureId, type Logger, Rejection, synthetic } from './failures.ts';
import { httpDate } from './http-date.ts';

/** Sends a response of our own making into the tunnel; `withContent` is false when it answers HEAD. */
export function sendRefusal(
  stream: RequestStream,
  rejection: Rejection,
  id: string,
  withContent: boolean,
): void {
  const answer = synthetic('server', rejection.status, rejection.message, id);
  const fields = [':status', String(answer.status)];
  for (let at = 0; at < answer.headers.length; at += 2) {
    fields.push((answer.headers[at] as string).toLowerCase(), answer.headers[at + 1] as string);
  }
  fields.push('date', httpDate());
  stream.sendHeaders(fields, !withContent);
  if (!withContent) return;
  stream.sendData(answer.body);
  stream.end();
}

/** Answers a request whose head is over the limits, so that nobody has seen it. */
export function refuseOversized(stream: RequestStream, logger: Logger): void {
  const rejection = new Rejection(431, 'header fields too large');
  const id = failureId();
  logger.warn({ id, status: rejection.status }, rejection.message);
  sendRefusal(stream, rejection, id, true);
}
