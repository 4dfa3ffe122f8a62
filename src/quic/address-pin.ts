import type { EngineAddress } from './native.ts';

/** Keeps a peer to the address that it is at. */
export class AddressPin {
  #host: string | undefined;
  #port = 0;

  /** Whether a datagram may come from `address`: the one that came before did, or `mayMove` says that it may change. */
  holds({ host, port }: EngineAddress, mayMove: () => boolean): boolean {
    if (host === this.#host && port === this.#port) return true;
    if (this.#host !== undefined && !mayMove()) return false;
    this.#host = host;
    this.#port = port;
    return true;
  }
}
