/** Both ends as real processes, the emulated link between them, the origin behind them and the clients before them. */
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { createLink, type Link } from '../../src/demo/link.ts';
import { exhaustDescriptors, restoreDescriptors } from '../support/descriptors.ts';
import {
  type ClientEnd,
  type Sections,
  type ServerEnd,
  startClientEnd,
  startServerEnd,
} from '../support/tunnel.ts';
import type { Ledger } from './ledger.ts';
import { FaultyOrigin } from './origin.ts';

/** One way, ms: that of a connection within a continent. */
const DELAY = 20;

export class World {
  readonly origin: FaultyOrigin;
  readonly link: Link;
  #server: ServerEnd;
  #client: ClientEnd;

  static async start(ledger: Ledger): Promise<World> {
    const origin = await FaultyOrigin.start(ledger);
    const server = await startServerEnd(origin.port);
    const link = await createLink({ target: { host: '127.0.0.1', port: server.quicPort }, delay: DELAY });
    const client = await startClientEnd(link.address.port);
    await client.process.waitForLog(/tunnel ready/);
    return new World(origin, link, server, client);
  }

  private constructor(origin: FaultyOrigin, link: Link, server: ServerEnd, client: ClientEnd) {
    this.origin = origin;
    this.link = link;
    this.#server = server;
    this.#client = client;
  }

  get httpPort(): number {
    return this.#client.httpPort;
  }

  /** Kills an end, and starts it again at once, at the same port, with the same key or another. */
  async killAndRestart(end: 'client' | 'server', sameKey: boolean): Promise<void> {
    const { process, file } = this.#end(end);
    const { tls } = parse(readFileSync(file, 'utf8')) as { tls: Sections[string] };
    const kept = sameKey ? { tls } : {};
    process.signal('SIGKILL');
    await process.exited;
    if (end === 'server') {
      const config = { ...kept, general: { quic_port: this.#server.quicPort } };
      this.#server = await startServerEnd(this.origin.port, { config });
    } else {
      const config = { ...kept, general: { http_bind_address: `127.0.0.1:${this.httpPort}` } };
      this.#client = await startClientEnd(this.link.address.port, { config });
    }
  }

  signal(end: 'client' | 'server', name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#end(end).process.signal(name);
  }

  /** Whether an end may open nothing more. */
  exhaustDescriptors(end: 'client' | 'server', exhausted: boolean): void {
    const { pid } = this.#end(end).process;
    if (exhausted) exhaustDescriptors(pid);
    else restoreDescriptors(pid);
  }

  /** The log of an end, for whoever looks for the cause of a failure. */
  log(end: 'client' | 'server'): string {
    return this.#end(end).process.output;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#client.process.stop(), this.#server.process.stop()]);
    await this.link.close();
    await this.origin.crash();
  }

  #end(end: 'client' | 'server'): ClientEnd | ServerEnd {
    return end === 'client' ? this.#client : this.#server;
  }
}
