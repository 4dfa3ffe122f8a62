import { IncomingMessage } from 'node:http';

/**
 * Requests that node:http hands over as upgrades only if `mayUpgrade` says so; the others it treats as if they had not
 * asked. Of itself it knows all or nothing, and would take the content of an ignored upgrade for the new protocol.
 *
 * `mayUpgrade` is called at most a few times for a request that has `Connection: Upgrade` and Upgrade, or is a CONNECT,
 * with its head read, right before the request is given to anybody.
 */
export function messageClass(mayUpgrade: (request: IncomingMessage) => boolean): typeof IncomingMessage {
  return class FrontMessage extends IncomingMessage {
    #asks: boolean | null | undefined;

    /** node:http sets it when the parser has seen that a request asks, and reads it to see whether it gets. */
    get upgrade(): boolean {
      return this.#asks === true && mayUpgrade(this);
    }

    set upgrade(asks: boolean | null) {
      // node:http sets it first when this is not yet constructed.
      if (#asks in this) this.#asks = asks;
    }
  };
}
