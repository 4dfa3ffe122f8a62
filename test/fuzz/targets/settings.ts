import { MAX_VARINT, readVarint } from '../../../src/bytes/varint.ts';
import { Code } from '../../../src/h3/codes.ts';
import { H3Error } from '../../../src/h3/errors.ts';
import { encodeSettings, parseSettings, type Settings } from '../../../src/h3/settings.ts';
import { check, expected, type Target } from '../target.ts';

const FULL: Settings = {
  maxFieldSectionSize: 65_536,
  qpackMaxTableCapacity: 4096,
  qpackBlockedStreams: 100,
  enableConnectProtocol: true,
};

// Type and length are not part of what is parsed.
function payloadOf(settings: Settings): Uint8Array {
  const frame = encodeSettings(settings);
  return frame.subarray(frame.length - readVarint(frame, 1));
}

/** The payload of SETTINGS. */
export const settings: Target = {
  name: 'settings',
  maxLength: 128,
  seeds: [payloadOf(FULL), payloadOf({ ...FULL, maxFieldSectionSize: Number.POSITIVE_INFINITY })],
  dictionary: [1, 6, 7, 8, 0x21, 0, 2, 5].map((id) => Uint8Array.of(id, 1)),
  run(input, trace) {
    let read: Settings;
    try {
      read = parseSettings(input);
    } catch (error) {
      const { scope, code, message } = expected(error, H3Error);
      trace.say(message);
      check(scope === 'connection', 'bad SETTINGS end the connection');
      check(code === Code.H3_FRAME_ERROR || code === Code.H3_SETTINGS_ERROR, 'the code is one of two');
      return;
    }
    const values = [read.maxFieldSectionSize, read.qpackMaxTableCapacity, read.qpackBlockedStreams];
    for (const value of values) trace.size(Number.isFinite(value) ? 1 : 2, value % 0x1_0000_0000);
    trace.hit(read.enableConnectProtocol ? 3 : 4);
    const others = [...(read.others ?? [])].flat();
    trace.size(5, others.length);
    if ([...values, ...others].some((value) => value > MAX_VARINT && Number.isFinite(value))) return;
    check(told(parseSettings(payloadOf(read))) === told(read), 'settings written and read are the same');
  },
};

const told = (settings: Settings): string =>
  JSON.stringify({ ...settings, others: [...(settings.others ?? [])] });
