/** Everything that `npm run fuzz` knows. */
import type { Target } from './target.ts';
import { coalesced } from './targets/coalesced.ts';
import { config } from './targets/config.ts';
import { fieldSection } from './targets/field-section.ts';
import { fields } from './targets/fields.ts';
import { frameParser } from './targets/frame-parser.ts';
import { h3Pair } from './targets/h3-pair.ts';
import { h3Session } from './targets/h3-session.ts';
import { http1Heads } from './targets/http1-heads.ts';
import { huffman } from './targets/huffman.ts';
import { packet } from './targets/packet.ts';
import { qpackExchange } from './targets/qpack-exchange.ts';
import { decoderStream, encoderStream } from './targets/qpack-instructions.ts';
import { requestParser } from './targets/request-parser.ts';
import { responseParser } from './targets/response-parser.ts';
import { retryToken } from './targets/retry-token.ts';
import { settings } from './targets/settings.ts';
import { varint } from './targets/varint.ts';

export const TARGETS: readonly Target[] = [
  varint,
  frameParser,
  settings,
  huffman,
  encoderStream,
  decoderStream,
  fieldSection,
  qpackExchange,
  fields,
  http1Heads,
  requestParser,
  responseParser,
  config,
  packet,
  coalesced,
  retryToken,
  h3Session,
  h3Pair,
];

/** The name of what is no parser, and runs in another way: `endpoint/endpoint.ts`. */
export const ENDPOINT = 'endpoint';

/** Throws a RangeError for a name that there is none of. */
export function targetNamed(name: string): Target {
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) throw new RangeError(`no target ${name}`);
  return target;
}
