/**
 * What the two ends of a tunnel tell each other of themselves, in SETTINGS of their own (docs/protocol.md). Peers of
 * another make neither send nor read them (RFC 9114 §7.2.4.1).
 */

/** Congestion control, in the order of its numbers on the wire, which begin with 1. */
const ALGORITHMS = ['Bbr', 'Cubic', 'NewReno', 'None'] as const;

/**
 * One end's word about itself. `undefined`: it did not say, or nothing that makes sense. Times in milliseconds, sizes
 * in bytes, moments in milliseconds since 1970.
 */
export interface Contract {
  /** Of the program, as `1.2.3`. */
  readonly version: string | undefined;
  readonly initialWindow: number | undefined;
  readonly initialRtt: number | undefined;
  readonly maxIdleTimeout: number | undefined;
  readonly keepAliveInterval: number | undefined;
  /** Credit of each stream: `stream_receive_window`, or `receive_window` where that is less. */
  readonly streamReceiveWindow: number | undefined;
  readonly congestionAlgorithm: (typeof ALGORITHMS)[number] | undefined;
  readonly udpPayloadSize: number | undefined;
  readonly maxConcurrentHttpStreams: number | undefined;
  readonly maxHeaderSize: number | undefined;
  /** Its clock when it wrote this. */
  readonly clock: number | undefined;
  /** When its certificate expires. */
  readonly certificateExpiry: number | undefined;
}

/**
 * The first identifier of the block, which holds the block's version; those that follow hold one {@link TERMS term}
 * each. None of the nineteen from here on is of the form that is reserved for greasing (0x1f × N + 0x21).
 */
export const FIRST_ID = 0x3070_7410;

/** Of the block: what a later version adds has further identifiers, and earlier ones keep their meaning. */
export const BLOCK_VERSION = 1;

const LONG = 2 ** 40;
const BYTES: Range = [1, LONG];
const MILLISECONDS: Range = [1, LONG];
// From 2020 to 2200: a clock that is further off says nothing.
const MOMENT: Range = [1_577_836_800_000, 7_258_118_400_000];

type Range = readonly [least: number, most: number];

/** In the order of their identifiers, with the values that make sense. */
const TERMS: readonly (readonly [name: keyof Contract, range: Range])[] = [
  ['version', [0, 999_999_999]],
  ['initialWindow', BYTES],
  ['initialRtt', MILLISECONDS],
  ['maxIdleTimeout', MILLISECONDS],
  ['keepAliveInterval', MILLISECONDS],
  ['streamReceiveWindow', BYTES],
  ['congestionAlgorithm', [1, ALGORITHMS.length]],
  ['udpPayloadSize', [1200, 65_527]],
  ['maxConcurrentHttpStreams', [1, LONG]],
  ['maxHeaderSize', BYTES],
  ['clock', MOMENT],
  ['certificateExpiry', [0, 253_402_300_799_999]],
];

/** The settings that say `contract`. */
export function encodeContract(contract: Contract): ReadonlyMap<number, number> {
  const settings = new Map([[FIRST_ID, BLOCK_VERSION]]);
  TERMS.forEach(([name], index) => {
    const value = toNumber(name, contract);
    if (value !== undefined) settings.set(FIRST_ID + 1 + index, value);
  });
  return settings;
}

/** What a peer said. */
export interface Heard {
  /** `undefined`: the peer is of another make. */
  readonly contract: Contract | undefined;
  /** What makes no sense and was left out, for the log. */
  readonly faults: readonly string[];
}

/** Reads what the settings of a peer say. Never throws: whatever it says of itself, the tunnel works. */
export function decodeContract(settings: ReadonlyMap<number, number>): Heard {
  const block = settings.get(FIRST_ID);
  if (block === undefined) return { contract: undefined, faults: [] };
  if (block === 0) return { contract: undefined, faults: ['block version 0'] };
  const faults: string[] = [];
  const values = new Map<keyof Contract, number>();
  TERMS.forEach(([name, [least, most]], index) => {
    const value = settings.get(FIRST_ID + 1 + index);
    if (value === undefined) return;
    if (value >= least && value <= most) values.set(name, value);
    else faults.push(`${name} ${value}`);
  });
  return { contract: fromNumbers(values), faults };
}

function toNumber(name: keyof Contract, contract: Contract): number | undefined {
  const { version, congestionAlgorithm } = contract;
  if (name === 'version') return versionNumber(version ?? '');
  if (name === 'congestionAlgorithm')
    return congestionAlgorithm && ALGORITHMS.indexOf(congestionAlgorithm) + 1;
  const value = contract[name];
  return value && Math.floor(value);
}

function fromNumbers(values: ReadonlyMap<keyof Contract, number>): Contract {
  const version = values.get('version');
  return {
    version: version === undefined ? undefined : versionText(version),
    initialWindow: values.get('initialWindow'),
    initialRtt: values.get('initialRtt'),
    maxIdleTimeout: values.get('maxIdleTimeout'),
    keepAliveInterval: values.get('keepAliveInterval'),
    streamReceiveWindow: values.get('streamReceiveWindow'),
    congestionAlgorithm: ALGORITHMS[(values.get('congestionAlgorithm') ?? 0) - 1],
    udpPayloadSize: values.get('udpPayloadSize'),
    maxConcurrentHttpStreams: values.get('maxConcurrentHttpStreams'),
    maxHeaderSize: values.get('maxHeaderSize'),
    clock: values.get('clock'),
    certificateExpiry: values.get('certificateExpiry'),
  };
}

/** A version as a number that is greater for a later one; `undefined` for what is none. */
export function versionNumber(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})/.exec(text);
  if (match === null) return undefined;
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

const versionText = (value: number): string =>
  [Math.floor(value / 1_000_000), Math.floor(value / 1000) % 1000, value % 1000].join('.');
