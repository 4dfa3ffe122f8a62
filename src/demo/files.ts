/** The demo's configuration files and certificates, in a temporary directory that only its owner can read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { type Authority, createAuthority, issueCertificate } from './certificates.ts';
import type { LinkFigures } from './direct-tcp.ts';

const CLIENT_NAME = 'client.ptproxy.test';
const SERVER_NAME = 'server.ptproxy.test';

/** Limits of initial_window, in bytes. */
const MIN_WINDOW = 12_000;
const MAX_WINDOW = 655_270;

export interface DemoFiles {
  /** Writes the server end's configuration and returns its path. */
  writeServer(originPort: number): Promise<string>;
  /** Writes the client end's configuration, which dials `quicPort` of 127.0.0.1, and returns its path. */
  writeClient(quicPort: number): Promise<string>;
  remove(): void;
}

/** Makes the directory and a certificate authority. The directory is removed when the process exits, at the latest. */
export async function createDemoFiles(figures: LinkFigures): Promise<DemoFiles> {
  const authority = await createAuthority('ptproxy demo');
  const directory = mkdtempSync(join(tmpdir(), 'ptproxy-demo-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const write = async (end: End, general: object): Promise<string> => {
    await writeCertificates(directory, authority, end);
    const file = join(directory, `${end.usage}.toml`);
    const transport = transportSection(figures);
    writeFileSync(file, stringify({ general, tls: tlsSection(end), transport }), { mode: 0o600 });
    return file;
  };
  return {
    remove,
    writeServer: (originPort) => write(SERVER, serverSection(originPort)),
    writeClient: (quicPort) => write(CLIENT, clientSection(quicPort)),
  };
}

interface End {
  readonly usage: 'client' | 'server';
  readonly name: string;
}

const CLIENT: End = { usage: 'client', name: CLIENT_NAME };
const SERVER: End = { usage: 'server', name: SERVER_NAME };

async function writeCertificates(directory: string, authority: Authority, end: End): Promise<void> {
  const { certificate, key } = await issueCertificate(authority, { names: [end.name], usage: end.usage });
  const files = tlsSection(end);
  writeFileSync(join(directory, files.ca), authority.certificate);
  writeFileSync(join(directory, files.cert), certificate);
  writeFileSync(join(directory, files.key), key, { mode: 0o600 });
}

function tlsSection({ usage }: End): { ca: string; cert: string; key: string } {
  return { ca: 'ca.pem', cert: `${usage}.pem`, key: `${usage}-key.pem` };
}

function serverSection(originPort: number): object {
  return {
    mode: 'Server',
    peer_hostname: CLIENT_NAME,
    bind_address: '127.0.0.1',
    quic_port: 0,
    http_connect_address: `127.0.0.1:${originPort}`,
  };
}

function clientSection(quicPort: number): object {
  return {
    mode: 'Client',
    peer_hostname: SERVER_NAME,
    bind_address: '127.0.0.1',
    connect_address: '127.0.0.1',
    quic_port: quicPort,
    http_bind_address: '127.0.0.1:0',
  };
}

// What ptproxy is for: a link whose delay and bandwidth are known, and told to both ends.
function transportSection({ rtt, rate }: LinkFigures): object {
  const bandwidthDelayProduct = Math.round(rate * 125 * rtt);
  return {
    initial_rtt: Math.max(1, Math.round(rtt)),
    initial_window: Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, bandwidthDelayProduct)),
    max_idle_timeout: Math.max(5000, Math.round(4 * rtt)),
  };
}
