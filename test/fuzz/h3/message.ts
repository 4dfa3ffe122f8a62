import { Cursor } from '../../../src/bytes/cursor.ts';
import { fieldValue } from '../../../src/h3/field-lines.ts';
import { FrameType } from '../../../src/h3/frames.ts';
import { check, sameBytes } from '../target.ts';
import type { Incoming } from './quic.ts';
import type { Watch } from './watch.ts';

/**
 * Compares what was told of a message with the bytes that came, read once more and simply: content is that of the
 * DATA frames, and a message told to be complete is.
 */
export function checkMessage(watch: Watch, { received, ended }: Incoming, requestMethod: string): void {
  const bytes = Buffer.concat(received);
  const { content, whole } = contentOf(bytes);
  const told = Buffer.concat(watch.content);
  check(sameBytes(told, content.subarray(0, told.length)), 'content is what DATA frames had');
  if (watch.receiving !== 'ended') return;
  check(ended && whole, 'a message that is told to be complete ended with its stream, and no frame was cut');
  check(told.length === content.length, 'no content of a complete message is missing');
  const head = watch.head ?? [];
  const declared = fieldValue(head, 'content-length');
  const method = fieldValue(head, ':method') ?? requestMethod;
  const status = Number(fieldValue(head, ':status') ?? 200);
  const isBare = watch.role === 'client' && (requestMethod === 'HEAD' || status === 204 || status === 304);
  if (declared === undefined || method === 'CONNECT') return;
  check(told.length === (isBare ? 0 : Number(declared)), 'a complete message is as long as it declared');
}

function contentOf(bytes: Uint8Array): { content: Buffer; whole: boolean } {
  const cursor = new Cursor(bytes);
  const parts: Uint8Array[] = [];
  let whole = true;
  while (cursor.remaining > 0 && whole) {
    const type = cursor.varint();
    const length = type === undefined ? undefined : cursor.varint();
    if (length === undefined) return { content: Buffer.concat(parts), whole: false };
    const payload = cursor.take(Math.min(length, cursor.remaining));
    whole = payload?.length === length;
    if (type === FrameType.DATA && payload !== undefined) parts.push(payload);
  }
  return { content: Buffer.concat(parts), whole };
}
