import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Finds the addresses of a name, the preferred ones first. Rejects with the system's code (ENOTFOUND, EAI_AGAIN, …). */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** How long a resolver may take, milliseconds. */
const TIMEOUT = 5000;

/** Most addresses of a name that are tried. */
const ADDRESSES = 8;

const systemLookup: Lookup = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** Finds addresses, anew each time: a name that has moved is found where it is. */
export class Resolver {
  readonly #lookup: Lookup;
  readonly #timeout: number;
  /**
   * Questions that have no answer yet, by name. A resolver that hangs holds one of the few threads of this process:
   * it is asked once, and not again before it has answered.
   */
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor(lookup: Lookup = systemLookup, timeout: number = TIMEOUT) {
    this.#lookup = lookup;
    this.#timeout = timeout;
  }

  /** The addresses of `host` in the order in which to try them; `host` itself when it is one. Rejects with words. */
  async resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const found = await this.#withinTimeout(host, this.#ask(host));
    if (found.length === 0) throw new Error(`${host} has no address`);
    return interleave(found).slice(0, ADDRESSES);
  }

  #ask(host: string): Promise<readonly string[]> {
    const asked = this.#pending.get(host);
    if (asked !== undefined) return asked;
    const answer = this.#lookup(host).finally(() => this.#pending.delete(host));
    this.#pending.set(host, answer);
    return answer;
  }

  async #withinTimeout(host: string, answer: Promise<readonly string[]>): Promise<readonly string[]> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const late = new Error(
        `the name ${host} could not be resolved within ${this.#timeout} ms: the DNS resolver of this host does not answer`,
      );
      timer = setTimeout(() => reject(late), this.#timeout);
    });
    try {
      return await Promise.race([answer, timeout]);
    } catch (error) {
      throw inWords(host, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The families take turns, that of the first address first (RFC 8305 §4). */
function interleave(addresses: readonly string[]): readonly string[] {
  const family = isIP(addresses[0] ?? '');
  const first = addresses.filter((address) => isIP(address) === family);
  const second = addresses.filter((address) => isIP(address) !== family);
  const longer = Math.max(first.length, second.length);
  return Array.from({ length: longer }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((address) => address !== undefined);
}

function inWords(host: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const words = code === undefined ? undefined : WORDS[code];
  if (code === undefined) return error;
  return new Error(`the name ${host} ${words ?? 'could not be resolved'} (${code})`);
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has no address: is it spelled right, and does this host know it',
  EAI_AGAIN:
    'cannot be resolved at present: the DNS resolver of this host does not answer, or has no way out',
  EAI_FAIL: 'cannot be resolved: the DNS resolver of this host has failed',
};
