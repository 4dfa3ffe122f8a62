import type { RequestStream } from '../h3/port.ts';
import { type Rejection, synthetic } from './failures.ts';
import { httpDate } from './http-date.ts';
import type { RequestAccount } from './request-account.ts';

/** Sends a response of our own making into the tunnel; `withContent` is false when it answers HEAD. */
export function sendRefusal(
  stream: RequestStream,
  rejection: Rejection,
  account: RequestAccount,
  withContent: boolean,
): void {
  const answer = synthetic('server', rejection.status, rejection.message, account.id);
  const fields = [':status', String(answer.status)];
  for (let at = 0; at < answer.headers.length; at += 2) {
    fields.push((answer.headers[at] as string).toLowerCase(), answer.headers[at + 1] as string);
  }
  fields.push('date', httpDate());
  account.answered(answer.status);
  stream.sendHeaders(fields, !withContent);
  if (!withContent) return;
  account.responseBytes += answer.body.length;
  stream.sendData(answer.body);
  stream.end();
}
