/** Caddy's HTTP/3 server as a process, in front of an origin of the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sharedPki, temporaryFolder } from '../support/certificates.ts';

const CADDYFILE = fileURLToPath(new URL('Caddyfile', import.meta.url));

/**
 * Caddy has to be told its port, which it takes for both UDP and TCP, and again when it starts anew: one below those
 * that systems give to whoever asks for any, so that no other test has it meanwhile.
 */
const PORTS = [20_000, 32_000] as const;

/** How many ports are tried. */
const ATTEMPTS = 5;

export class Caddy {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  /** Resolves when it serves, on `port` if one is given. */
  static async start(originPort: number, port?: number): Promise<Caddy> {
    if (port !== undefined) return Caddy.#startAt(port, originPort);
    for (let attempt = 1; ; attempt++) {
      try {
        return await Caddy.#startAt(randomInt(...PORTS), originPort);
      } catch (error) {
        if (attempt === ATTEMPTS || !String(error).includes('address already in use')) throw error;
      }
    }
  }

  static async #startAt(port: number, originPort: number): Promise<Caddy> {
    const pki = await sharedPki();
    const { cert, key } = await pki.server();
    const folder = temporaryFolder();
    const caddy = new Caddy(port, {
      ...{ FOLDER: folder, HOME: folder, PORT: String(port) },
      ...{ CERT: cert, KEY: key, CA: pki.ca, ORIGIN_PORT: String(originPort) },
    });
    await caddy.#serving();
    return caddy;
  }

  private constructor(port: number, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.#child = spawn('caddy', ['run', '--config', CADDYFILE, '--adapter', 'caddyfile'], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
  }

  /** Asks it to end; resolves when it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#closed;
    clearTimeout(timer);
  }

  #serving(): Promise<void> {
    const { stderr } = this.#child;
    const lines: string[] = [];
    return new Promise((resolve, reject) => {
      if (stderr === null) return;
      createInterface({ input: stderr }).on('line', (line) => {
        lines.push(line);
        if (line.includes('serving initial configuration')) resolve();
      });
      this.#closed.then(() => reject(new Error(`caddy has ended\n${lines.join('\n')}`)), reject);
    });
  }
}
