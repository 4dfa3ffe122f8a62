/** Both ends of the program in the test's own process, from configuration files as `run` starts them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { type RunningClient, startClient } from '../../src/client.ts';
import { type Identity, loadIdentity } from '../../src/config/identity.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Config, isClient } from '../../src/config/schema.ts';
import type { Logger } from '../../src/proxy/failures.ts';
import { observers } from '../../src/proxy/observer.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { CLIENT_NAME, type IdentityFiles, SERVER_NAME, sharedPki, temporaryFolder } from './certificates.ts';

/** Keys laid over the minimal configuration. */
export interface EndSettings {
  readonly system?: Readonly<Record<string, number | boolean>>;
  readonly transport?: Readonly<Record<string, number>>;
}

/** A log that keeps its lines, `level message`. */
export class KeptLog implements Logger {
  readonly lines: string[] = [];
  readonly #news = new Set<() => void>();

  /** Resolves when a line fits. */
  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.lines.some((line) => pattern.test(line))) return;
        this.#news.delete(look);
        resolve();
      };
      this.#news.add(look);
      look();
    });
  }

  debug(_details: object, message: string): void {
    this.#keep(`debug ${message}`);
  }
  info(_details: object, message: string): void {
    this.#keep(`info ${message}`);
  }
  warn(_details: object, message: string): void {
    this.#keep(`warn ${message}`);
  }
  error(_details: object, message: string): void {
    this.#keep(`error ${message}`);
  }

  #keep(line: string): void {
    this.lines.push(line);
    for (const look of [...this.#news]) look();
  }
}

const HOST = '127.0.0.1';

/** The server end on a free UDP port. */
export async function serverInProcess(
  originPort: number,
  settings: EndSettings = {},
  log: Logger = new KeptLog(),
  requestsPerSession?: number,
): Promise<RunningServer> {
  const general = {
    mode: 'Server',
    peer_hostname: CLIENT_NAME,
    bind_address: HOST,
    quic_port: 0,
    http_connect_address: `${HOST}:${originPort}`,
  };
  const { config, identity } = await load('server', general, settings);
  if (isClient(config)) throw new TypeError("not a server's configuration");
  return startServer(config, identity, log, {}, observers(), requestsPerSession);
}

/** The client end on a free TCP port. Resolves when its first attempt to connect is over, well or badly. */
export async function clientInProcess(
  quicPort: number,
  settings: EndSettings = {},
  log: Logger = new KeptLog(),
  requestsPerSession?: number,
): Promise<RunningClient> {
  const general = {
    mode: 'Client',
    peer_hostname: SERVER_NAME,
    bind_address: HOST,
    connect_address: HOST,
    quic_port: quicPort,
    http_bind_address: `${HOST}:0`,
  };
  const { config, identity } = await load('client', general, settings);
  if (!isClient(config)) throw new TypeError("not a client's configuration");
  return startClient(config, identity, log, {}, observers(), requestsPerSession);
}

const folder = temporaryFolder();
let count = 0;
const issued: { client?: Promise<IdentityFiles>; server?: Promise<IdentityFiles> } = {};

async function load(
  end: 'client' | 'server',
  general: object,
  settings: EndSettings,
): Promise<{ config: Config; identity: Identity }> {
  const pki = await sharedPki();
  issued[end] ??= pki[end]();
  const file = join(folder, `${end}-${count++}.toml`);
  writeFileSync(file, stringify({ general, tls: { ca: pki.ca, ...(await issued[end]) }, ...settings }));
  const config = loadConfig(file, {});
  return { config, identity: loadIdentity(config.tls, {}) };
}
