import { bytesOf } from '../target.ts';

/** What separates a name from its value, and a line from the next: everything else may stand in a line. */
const BETWEEN = '\x1f';
const BEHIND = '\x1e';

/** Field lines as an input has them. */
export function linesFrom(text: string): string[] {
  const fields: string[] = [];
  for (const line of text.split(BEHIND)) {
    const at = line.indexOf(BETWEEN);
    if (at >= 0) fields.push(line.slice(0, at), line.slice(at + 1));
  }
  return fields;
}

/** The input that has these lines, behind `prefix`. */
export function inputOf(fields: readonly string[], prefix = ''): Uint8Array {
  let text = prefix;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}${BETWEEN}${fields[at + 1]}${BEHIND}`;
  return bytesOf(text);
}

/** Names and values that mean something to us, as pieces for inputs. */
export const LINES: readonly Uint8Array[] = [
  ...[
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'te',
    'cookie',
    'trailer',
    'expect',
    'date',
  ],
  ...[
    'upgrade',
    'keep-alive',
    'forwarded',
    'proxy-connection',
    ':path',
    ':authority',
    ':scheme',
    ':protocol',
  ],
  ...[
    'chunked',
    'gzip, chunked',
    'close',
    'trailers',
    'a.example:80',
    '*',
    '0',
    '5',
    'GET',
    'CONNECT',
    'OPTIONS',
  ],
  ...['http://b/p', '//evil/x', ',', ';', ' ', '\t', '\r', '\n', '\0', '\xff', '%', '@', '[::1]'],
]
  .map(bytesOf)
  .concat([bytesOf(BETWEEN), bytesOf(BEHIND)]);

/** Bytes that would end a line, or the whole head, in HTTP/1.1. */
export const BREAKS_LINES = /[\r\n\0]/;

/** A field name (RFC 9110 §5.1). */
export const IS_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
