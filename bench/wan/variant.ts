/** Settings of both ends that are measured beside one another. */

/** A link as the emulator takes it. */
export interface WanLink {
  /** One way, ms. */
  readonly delay: number;
  /** Mbit/s. */
  readonly rate: number;
  /** Bytes. */
  readonly queue: number;
  /** Percent, each way. */
  readonly loss: number;
  /** ms. */
  readonly jitter: number;
}

export interface Variant {
  readonly name: string;
  /** Keys of [transport], at both ends. */
  readonly transport: Readonly<Record<string, string | number>>;
}

/** The window that fills the link: RFC 9002's and the configuration's bounds apply to it as to any other. */
export function windowOf({ delay, rate }: WanLink): number {
  return Math.min(655_270, Math.max(12_000, Math.round(rate * 125 * 2 * delay)));
}

/** `Bbr`, `Cubic`, `NewReno`, `None`: tuned to the link; `untuned`: the defaults. */
export function variant(
  name: string,
  link: WanLink,
  extra: Readonly<Record<string, string | number>>,
): Variant {
  if (name === 'untuned') return { name, transport: extra };
  const tuned = { initial_rtt: 2 * link.delay, initial_window: windowOf(link), congestion_algorithm: name };
  return { name, transport: { ...tuned, ...extra } };
}
