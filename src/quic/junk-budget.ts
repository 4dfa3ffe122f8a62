/**
 * What a peer may send besides the bytes of streams that we get to see: acknowledgments, headers, what is sent again or
 * twice. Frames that make the engine keep something for each of them (RETIRE_CONNECTION_ID, PATH_CHALLENGE, stream data
 * with gaps: CVE-2024-1410, CVE-2023-6193) end here.
 *
 * Bytes that are allowed, all generous: at once, and for an hour of silence; for each byte delivered, so that
 * everything could be sent five times; for each piece delivered, so that single bytes may come in packets of their own;
 * for each byte that we sent, to be acknowledged.
 */
const AT_ONCE = 2 ** 20;
const PER_SECOND = 1024;
const PER_BYTE = 4;
const PER_PIECE = 512;
const PER_BYTE_SENT = 1;

/** It is looked at after so many bytes: that is not free. */
const LOOK_INTERVAL = 64 * 1024;

/** What streams have delivered, and may still deliver. */
export interface Delivered {
  readonly bytes: number;
  readonly pieces: number;
  /** Bytes that may lie in the engine, unread, or were thrown away by it because we asked for no more. */
  readonly unread: number;
}

/**
 * Watches how much of what a peer sends is of use. Others can send in its name, as long as nobody looks at whether a packet is
 * authentic, which costs two microseconds each time: so that is done only once there seems to be too much.
 */
export class JunkBudget {
  readonly #since: number;
  readonly #streamCredit: number;
  #received = 0;
  #lookAt = LOOK_INTERVAL;
  #isStrict = false;

  /** `streamCredit`: bytes that may arrive of one stream before those that are missing before them. */
  constructor(streamCredit: number, now: number) {
    this.#streamCredit = streamCredit;
    this.#since = now;
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  /** Whether only what is known to be the peer's may be counted from now on. */
  get isStrict(): boolean {
    return this.#isStrict;
  }

  /** Whether it is time to ask for {@link isOverspent}. */
  get isDue(): boolean {
    return this.#received >= this.#lookAt;
  }

  /**
   * Whether more came than an honest peer can have sent. When that seems so for the first time it may have sent as much as at
   * the beginning, and {@link isStrict} is true. `sent`: bytes that we sent.
   */
  isOverspent(delivered: Delivered, sent: number, now: number): boolean {
    this.#lookAt = this.#received + LOOK_INTERVAL;
    const useful = (1 + PER_BYTE) * delivered.bytes + PER_PIECE * delivered.pieces + delivered.unread;
    const time = (PER_SECOND * (now - this.#since)) / 1000;
    const allowed = AT_ONCE + this.#streamCredit + time + useful + PER_BYTE_SENT * sent;
    if (this.#received <= allowed) return false;
    if (this.#isStrict) return true;
    this.#isStrict = true;
    this.#received = allowed - AT_ONCE;
    this.#lookAt = this.#received + LOOK_INTERVAL;
    return false;
  }
}
