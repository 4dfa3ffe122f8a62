/** Both ends as real processes, with an emulated link between them where a test wants one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { createLink, type Link, type LinkOptions } from '../../src/demo/link.ts';
import { CLIENT_NAME, SERVER_NAME, sharedPki, temporaryFolder } from './certificates.ts';
import { CliProcess, type ProcessOptions } from './process.ts';

/** Keys by section, as in the configuration file. */
export type Sections = Readonly<
  Record<string, Readonly<Record<string, string | number | boolean | undefined>>>
>;

export interface EndOptions extends ProcessOptions {
  /** Laid over the minimal configuration; `undefined` removes a key. */
  readonly config?: Sections;
}

export interface ServerEnd {
  readonly process: CliProcess;
  /** Its configuration file. */
  readonly file: string;
  readonly quicPort: number;
}

export interface ClientEnd {
  readonly process: CliProcess;
  /** Its configuration file. */
  readonly file: string;
  readonly httpPort: number;
}

export interface TunnelOptions {
  readonly originPort: number;
  readonly client?: EndOptions;
  readonly server?: EndOptions;
  readonly link?: Omit<LinkOptions, 'target'>;
}

export interface TunnelPair {
  readonly server: ServerEnd;
  readonly client: ClientEnd;
  /** Present when it was asked for. */
  readonly link: Link | undefined;
  stop(): Promise<void>;
}

const SERVER_LISTENS = /started endpoint at .*?:(\d+)["\s,]*/;
const FRONT_LISTENS = /serving HTTP\/1\.1 at .*?:(\d+)["\s,]*/;

/** Starts both ends and resolves when the tunnel is ready. */
export async function startTunnel(options: TunnelOptions): Promise<TunnelPair> {
  const server = await startServerEnd(options.originPort, options.server);
  const link = options.link && (await openLink(server.quicPort, options.link));
  const client = await startClientEnd(link?.address.port ?? server.quicPort, options.client);
  await client.process.waitForLog(/tunnel ready/);
  return {
    server,
    client,
    link,
    stop: async () => {
      await Promise.all([client.process.stop(), server.process.stop()]);
      await link?.close();
    },
  };
}

/** Starts the server end on a free port and resolves when it listens. */
export async function startServerEnd(originPort: number, options: EndOptions = {}): Promise<ServerEnd> {
  const pki = await sharedPki();
  const general = {
    mode: 'Server',
    peer_hostname: CLIENT_NAME,
    quic_port: 0,
    http_connect_address: `127.0.0.1:${originPort}`,
  };
  const { process, file } = start({ general, tls: { ca: pki.ca, ...(await pki.server()) } }, options);
  const [, port] = await process.waitForLog(SERVER_LISTENS);
  return { process, file, quicPort: Number(port) };
}

/** Starts the client end, which dials `quicPort` of this host, and resolves when it serves HTTP/1.1. */
export async function startClientEnd(quicPort: number, options: EndOptions = {}): Promise<ClientEnd> {
  const pki = await sharedPki();
  const general = {
    mode: 'Client',
    peer_hostname: SERVER_NAME,
    connect_address: '127.0.0.1',
    quic_port: quicPort,
    http_bind_address: '127.0.0.1:0',
  };
  const { process, file } = start({ general, tls: { ca: pki.ca, ...(await pki.client()) } }, options);
  const [, port] = await process.waitForLog(FRONT_LISTENS);
  return { process, file, httpPort: Number(port) };
}

function openLink(port: number, conditions: Omit<LinkOptions, 'target'>): Promise<Link> {
  return createLink({ ...conditions, target: { host: '127.0.0.1', port } });
}

function start(minimal: Sections, options: EndOptions): { process: CliProcess; file: string } {
  const file = join(temporaryFolder(), 'config.toml');
  writeFileSync(file, stringify(merge({ ...minimal, system: { log_format: 'json' } }, options.config ?? {})));
  return { process: new CliProcess(['--config', file], options), file };
}

function merge(base: Sections, over: Sections): Sections {
  const sections = Object.keys({ ...base, ...over }).map((section) => {
    const keys = Object.entries({ ...base[section], ...over[section] });
    return [section, Object.fromEntries(keys.filter(([, value]) => value !== undefined))];
  });
  return Object.fromEntries(sections);
}
