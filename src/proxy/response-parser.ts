import { Rejection } from './failures.ts';
import { type ContentEnd, type ContentEvents, MessageParser } from './message-parser.ts';
import { malformedResponse, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Who hears of a response while it is read. May throw what ends it. */
export interface ResponseEvents extends ContentEvents {
  onInterimHead(head: ResponseHead): void;
  /** The final head. Gives where the content ends. */
  onHead(head: ResponseHead): ContentEnd;
}

/** Reads responses of an origin. What cannot be read is refused with a Rejection (502). */
export class ResponseParser extends MessageParser<ResponseEvents> {
  /** `maxHead`: bytes that the fields of a head, or a trailer section, may have. */
  constructor(maxHead: number) {
    super(maxHead + STATUS_LINE, maxHead + STATUS_LINE, FAULTS);
  }

  protected override onHeadText(events: ResponseEvents, text: string): ContentEnd | 'another-head' {
    const head = parseResponseHead(text);
    if (head.status < 100 || head.status >= 200) return events.onHead(head);
    events.onInterimHead(head);
    return 'another-head';
  }
}

// What the status line may have beside the fields, bytes.
const STATUS_LINE = 512;

const tooLarge = () => new Rejection(502, "the origin's response: header fields too large");

const FAULTS = { malformed: malformedResponse, headTooLarge: tooLarge, trailersTooLarge: tooLarge };
