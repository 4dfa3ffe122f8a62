import { atEachBeat } from './heartbeat.ts';

/** A certificate that makes the tunnel fail when it expires. */
export interface WatchedCertificate {
  /** `own`: the leaf that we present; `chain`: those behind it; `ca`: an authority in tls.ca; `peer`: the peer's leaf. */
  readonly whose: 'own' | 'chain' | 'ca' | 'peer';
  readonly subject: string;
  /** Tells certificates of one subject apart. */
  readonly fingerprint: string;
  /** When it expires, milliseconds since 1970. */
  readonly notAfter: number;
}

export interface Logger {
  warn(details: object, message: string): void;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Days before the end at which it is told; 0: it is over. */
const THRESHOLDS: readonly number[] = [0, 1, 7, 30];

/** Most certificates that are remembered: peers come with new ones. */
const CAPACITY = 1024;

/** Warns 30, 7 and 1 days before a certificate expires, once each, and when it has expired while we run. */
export class CertificateWatch {
  readonly #certificates: () => readonly WatchedCertificate[];
  readonly #clock: () => number;
  readonly #logger: Logger;
  /** By fingerprint: the lowest threshold that was told. */
  readonly #told = new Map<string, number>();
  #end: (() => void) | undefined;

  /** `certificates`: those that count now. `clock`: of the day, milliseconds since 1970. */
  constructor(certificates: () => readonly WatchedCertificate[], clock: () => number, logger: Logger) {
    this.#certificates = certificates;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Looks now, and from now on by itself. */
  start(): void {
    this.look();
    // The clock of the day may jump, and no timer of Node lasts a month; a look costs next to nothing.
    this.#end = atEachBeat(() => this.look());
  }

  stop(): void {
    this.#end?.();
  }

  /** Tells what is new. */
  look(): void {
    const now = this.#clock();
    for (const certificate of this.#certificates()) this.#check(certificate, now);
  }

  /** What is about to expire first, for a status line; empty when nothing is. */
  get remark(): string {
    const now = this.#clock();
    const [first] = [...this.#certificates()].sort((one, other) => one.notAfter - other.notAfter);
    if (first === undefined || passed(first, now) === undefined) return '';
    return `${NAMES[first.whose]} ${left(first, now)}`;
  }

  #check(certificate: WatchedCertificate, now: number): void {
    const { fingerprint, whose, notAfter, subject } = certificate;
    const threshold = passed(certificate, now);
    const told = this.#told.get(fingerprint);
    if (threshold === undefined || (told !== undefined && told <= threshold)) return;
    this.#remember(fingerprint, threshold);
    // That our own is no good from the start was told when it was read.
    if (threshold === 0 && told === undefined && (whose === 'own' || whose === 'chain')) return;
    const date = new Date(notAfter).toISOString();
    const message = `${NAMES[whose]} ${left(certificate, now)} (${subject}, ${date}): ${REMEDIES[whose]}`;
    this.#logger.warn({ whose, fingerprint, notAfter: date }, message);
  }

  #remember(fingerprint: string, threshold: number): void {
    const [oldest] = this.#told.keys();
    if (this.#told.size >= CAPACITY && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(fingerprint, threshold);
  }
}

/** The lowest threshold that a certificate has passed. */
const passed = ({ notAfter }: WatchedCertificate, now: number): number | undefined =>
  THRESHOLDS.find((days) => notAfter - now <= days * DAY);

function left({ notAfter }: WatchedCertificate, now: number): string {
  const time = notAfter - now;
  if (time <= 0) return 'has expired';
  if (time < 2 * HOUR) return `expires in ${count(time / 60_000, 'minute')}`;
  return time < 2 * DAY
    ? `expires in ${count(time / HOUR, 'hour')}`
    : `expires in ${count(time / DAY, 'day')}`;
}

function count(value: number, unit: string): string {
  const whole = Math.floor(value);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

const NAMES: Readonly<Record<WatchedCertificate['whose'], string>> = {
  own: 'our certificate',
  chain: 'a certificate of our chain',
  ca: 'an authority in tls.ca',
  peer: "the peer's certificate",
};

const REMEDIES: Readonly<Record<WatchedCertificate['whose'], string>> = {
  own: 'put a new one at tls.cert and tls.key, then reload',
  chain: 'put a new one at tls.cert, then reload',
  ca: 'put one that lasts longer into tls.ca, then reload',
  peer: 'put a new one at its tls.cert and tls.key, then reload there',
};
