import { type Contract, versionNumber } from './contract.ts';

/** Something that both ends are told differently, and that hurts. */
export interface Mismatch {
  /** The same for what is no news when it is found again. */
  readonly key: string;
  /** Which key at which end is to be set, for the log of the end that is "here". */
  readonly message: string;
}

/** The link has one round-trip time: one of two ends is wrong by this factor. */
const RTT_FACTOR = 2;

/** Links may be wider in one direction, so that a difference of windows has to be larger to mean a mistake. */
const WINDOW_FACTOR = 4;

/** Clocks may differ by this much, milliseconds: what is on its way for seconds is no mistake. */
const CLOCK_TOLERANCE = 60_000;

/** What hurts between `here` and `there`; `now`: our clock when the peer's word came. */
export function findMismatches(here: Contract, there: Contract, now: number): readonly Mismatch[] {
  return [
    ...versions(here, there),
    ...rtts(here, there),
    ...windows(here, there),
    ...credit(here.initialWindow, 'here', there.streamReceiveWindow, 'at the peer'),
    ...credit(there.initialWindow, 'at the peer', here.streamReceiveWindow, 'here'),
    ...silence(here.keepAliveInterval, 'here', there.maxIdleTimeout, 'at the peer'),
    ...silence(there.keepAliveInterval, 'at the peer', here.maxIdleTimeout, 'here'),
    ...clocks(there, now),
  ];
}

type Place = 'here' | 'at the peer';

function versions(here: Contract, there: Contract): readonly Mismatch[] {
  const [ours, theirs] = [here, there].map(({ version }) => versionNumber(version ?? ''));
  if (ours === undefined || theirs === undefined || ours === theirs) return [];
  const older = ours < theirs ? 'this end' : 'the peer';
  return said(`ptproxy is ${here.version} here and ${there.version} at the peer: upgrade ${older}`);
}

function rtts({ initialRtt: ours }: Contract, { initialRtt: theirs }: Contract): readonly Mismatch[] {
  if (!differ(ours, theirs, RTT_FACTOR)) return [];
  return said(
    `initial_rtt is ${ours} ms here and ${theirs} ms at the peer: set it to the link's round-trip time at both ends`,
  );
}

function windows(
  { initialWindow: ours }: Contract,
  { initialWindow: theirs }: Contract,
): readonly Mismatch[] {
  if (!differ(ours, theirs, WINDOW_FACTOR)) return [];
  return said(
    `initial_window is ${ours} bytes here and ${theirs} bytes at the peer: ` +
      'set it at both ends to what the link carries in a round trip, each for what it sends',
  );
}

function credit(
  window: number | undefined,
  sender: Place,
  credit: number | undefined,
  receiver: Place,
): readonly Mismatch[] {
  if (window === undefined || credit === undefined || window <= credit) return [];
  return said(
    `initial_window of ${window} bytes ${sender} is over stream_receive_window of ${credit} bytes ${receiver}, ` +
      `so that no single body fills it: raise stream_receive_window (or receive_window) ${receiver}`,
  );
}

function silence(
  interval: number | undefined,
  pinging: Place,
  timeout: number | undefined,
  waiting: Place,
): readonly Mismatch[] {
  if (interval === undefined || timeout === undefined || interval < timeout) return [];
  return said(
    `keep_alive_interval of ${interval} ms ${pinging} is not under max_idle_timeout of ${timeout} ms ${waiting}: ` +
      `lower keep_alive_interval ${pinging} or raise max_idle_timeout ${waiting}`,
  );
}

// By how much is new each time, and no news.
function clocks({ clock }: Contract, now: number): readonly Mismatch[] {
  if (clock === undefined || Math.abs(now - clock) <= CLOCK_TOLERANCE) return [];
  const where = clock < now ? 'behind' : 'ahead of';
  const seconds = Math.round(Math.abs(now - clock) / 1000);
  const message = `the peer's clock is ${seconds} s ${where} ours: set the one that is wrong, best by NTP at both ends`;
  return [{ key: `clock ${where}`, message }];
}

const differ = (one: number | undefined, other: number | undefined, factor: number): boolean =>
  one !== undefined && other !== undefined && Math.max(one, other) >= factor * Math.min(one, other);

const said = (message: string): readonly Mismatch[] => [{ key: message, message }];
