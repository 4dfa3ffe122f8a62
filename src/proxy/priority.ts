import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines, RequestStream } from '../h3/port.ts';

/** Content of more than this is bulk, bytes: it takes a moment anyway, and lets everything else go first. */
const BULK = 1_000_000;

/** Urgencies of RFC 9218 §4.1, where nobody says otherwise. */
const USUAL = 3;
const BEHIND = 4;

const URGENCY = /(?:^|[,\s])u=([0-7])(?![^,;\s])/;
const INCREMENTAL = /(?:^|[,\s])i(?:=(\?0|\?1))?(?![^,;\s=])/;

/**
 * Says whose turn a message is. The `priority` fields of request and response decide, the response's first
 * (RFC 9218 §8); else what is large, or may be, stands behind. Messages of one urgency share unless `i=?0`.
 */
export function prioritise(stream: RequestStream, request: FieldLines, message: FieldLines): void {
  const asked = fieldValue(request, 'priority');
  const answered = request === message ? undefined : fieldValue(message, 'priority');
  const urgency = found(URGENCY, answered) ?? found(URGENCY, asked);
  const incremental = found(INCREMENTAL, answered) ?? found(INCREMENTAL, asked);
  const usual = isBulk(message) ? BEHIND : USUAL;
  if (urgency === undefined && incremental === undefined && usual === USUAL) return;
  stream.setPriority(urgency === undefined ? usual : Number(urgency[1]), incremental?.[1] !== '?0');
}

function found(parameter: RegExp, priority: string | undefined): RegExpExecArray | undefined {
  return priority === undefined ? undefined : (parameter.exec(priority) ?? undefined);
}

function isBulk(message: FieldLines): boolean {
  return Number(fieldValue(message, 'content-length') ?? 0) > BULK;
}
