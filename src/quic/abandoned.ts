/** A link may have this much under way whatever `initial_window` says, bytes. */
const LEAST_BOUND = 256 * 1024;

/**
 * What streams left behind that ended before their time. The engine (quiche 0.18) never learns that what was under way
 * of them has arrived, and counts it for good as waiting to be sent. Once that is as much as its window, it takes the few
 * bytes of small requests for all that the link bears: Bbr shrinks the window to its least, and send times are seconds
 * off. Nothing helps but another connection. Either end's streams matter, the peer's engine being the same.
 */
export class Abandoned {
  readonly #bound: number;
  #bytes = 0;

  /** `initialWindow`: what the link has under way, bytes. */
  constructor(initialWindow: number) {
    this.#bound = Math.max(initialWindow, LEAST_BOUND);
  }

  /** A stream was given up after `bytes` of it. */
  add(bytes: number): void {
    this.#bytes += Math.min(bytes, this.#bound);
  }

  /** Whether the connection should be replaced. */
  get isTooMuch(): boolean {
    return this.#bytes >= this.#bound;
  }
}
