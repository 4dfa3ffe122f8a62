import { Code } from '../../../src/h3/codes.ts';
import { H3Error } from '../../../src/h3/errors.ts';
import { checkRequest, checkResponse, checkTrailers } from '../../../src/h3/fields.ts';
import { requestToHttp1, responseToHttp1, trailersToHttp1 } from '../../../src/proxy/fields.ts';
import { check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';
import { BREAKS_LINES, IS_TOKEN, inputOf, LINES, linesFrom } from './lines.ts';

const GET = [':method', 'GET', ':scheme', 'http', ':authority', 'a.example', ':path', '/x?y'];

const HOP = { forwarded: undefined, requestId: 'id' };

/**
 * Field sections of a peer as request, response and trailers: refused with H3_MESSAGE_ERROR, or of a kind that goes
 * to an HTTP/1.1 receiver as the lines that were sent, and no others.
 */
export const fields: Target = {
  name: 'fields',
  maxLength: 300,
  seeds: [
    inputOf([...GET, 'accept', '*/*', 'cookie', 'a=b', 'cookie', 'c=d', 'te', 'trailers', 'trailer', 'x']),
    inputOf([
      ':method',
      'CONNECT',
      ':authority',
      'a:1',
      ':scheme',
      'https',
      ':path',
      '/',
      ':protocol',
      'websocket',
    ]),
    inputOf([':method', 'CONNECT', ':authority', 'a:1']),
    inputOf([':status', '200', 'content-length', '5', 'set-cookie', 'a', 'date', 'now']),
    inputOf(['x-checksum', '1', 'date', 'now', 'expect', 'x']),
  ],
  dictionary: LINES,
  run(input, trace) {
    const lines = linesFrom(Buffer.from(input).toString('latin1'));
    if (accepts(() => checkRequest(lines), trace)) checkHttp1(lines, requestToHttp1(lines, 'chunked', HOP));
    if (accepts(() => checkResponse(lines), trace)) {
      checkHttp1(lines, responseToHttp1(lines, { chunked: true, withLength: true }));
    }
    if (accepts(() => checkTrailers(lines), trace)) checkHttp1(lines, trailersToHttp1(lines).flat());
  },
};

function accepts(rules: () => unknown, trace: Trace): boolean {
  try {
    rules();
    trace.hit(1);
    return true;
  } catch (error) {
    const { scope, code, message } = expected(error, H3Error);
    check(
      scope === 'stream' && code === Code.H3_MESSAGE_ERROR,
      'a malformed message is the fault of its stream',
    );
    check(!BREAKS_LINES.test(message), 'the reason fits into a line of the log');
    trace.say(withoutNames(message.slice('malformed message: '.length)));
    return false;
  }
}

// Names are the peer's: they would make every message a new one.
function withoutNames(message: string): string {
  return message.startsWith('bad ') ? message.slice(0, 14) : message.slice(-12);
}

function checkHttp1(lines: readonly string[], headers: readonly string[]): void {
  check(headers.length <= lines.length + 8, 'no line becomes two');
  let hosts = 0;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    check(IS_TOKEN.test(name), 'a name that is passed on is a token');
    check(!BREAKS_LINES.test(value), 'a value that is passed on ends no line');
    check(!/^[\t ]|[\t ]$/.test(value), 'a value has no white space around it');
    if (name === 'Host') hosts++;
  }
  check(hosts <= 1, 'there is one Host at most');
}
