/** The origins: nginx with files to fetch and a place to put some, and a service that takes its time. */
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../test/support/certificates.ts';
import { nginxConfiguration } from './peers/nginx.ts';
import { freePort, Program } from './programs.ts';

/** Bodies that it has, bytes: `n` of them are at `/bytes/n`. */
const SIZES = [100, 1024, 487_500, 10_000_000];

export const SMALL = { path: '/bytes/1024', bytes: 1024 };
export const LARGE = { path: '/bytes/10000000', bytes: 10_000_000 };
/** Takes a PUT of any length. */
export const UPLOAD_PATH = '/put/body';

export interface Origin {
  readonly port: number;
  stop(): Promise<void>;
}

/** nginx on a free port of 127.0.0.1. */
export async function startOrigin(): Promise<Origin> {
  const folder = temporaryFolder(hasRoom(MEMORY) ? MEMORY : tmpdir());
  const port = await freePort();
  mkdirSync(join(folder, 'files/put'), { recursive: true, mode: 0o777 });
  mkdirSync(join(folder, 'files/bytes'));
  for (const size of SIZES) writeFileSync(join(folder, `files/bytes/${size}`), Buffer.alloc(size, 'x'));
  const http = `
  sendfile on;
  open_file_cache max=10;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/files;
    # The second is what it tells of the first.
    keepalive_timeout 600s 600s;
    location /put/ { dav_methods PUT; }
  }`;
  const file = join(folder, 'configuration');
  writeFileSync(file, nginxConfiguration(folder, '1', http));
  return started(port, new Program('nginx', ['-c', file, '-p', folder]));
}

/**
 * nginx as the service of hostile peers: `/` and `/large`, and all else goes to `behind`. It takes whatever heads the server end
 * passes on.
 */
export async function startLargeOrigin(behind: number, large: number): Promise<Origin> {
  const folder = temporaryFolder();
  const port = await freePort();
  mkdirSync(join(folder, 'files'), { mode: 0o755 });
  writeFileSync(join(folder, 'files/index.html'), 'ok');
  writeFileSync(join(folder, 'files/large'), Buffer.alloc(large));
  const http = `
  open_file_cache max=10;
  large_client_header_buffers 8 64k;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/files;
    keepalive_timeout 600s 600s;
    location = / { try_files /index.html =404; }
    location = /large { try_files /large =404; }
    location / { proxy_pass http://127.0.0.1:${behind}; proxy_request_buffering off; proxy_read_timeout 600s; }
  }`;
  const file = join(folder, 'configuration');
  writeFileSync(file, nginxConfiguration(folder, '1', http));
  return started(port, new Program('nginx', ['-c', file, '-p', folder]));
}

/** Answers each request with 1 KB after `delay` ms, and takes every upgrade. */
export async function startHeldOrigin(delay: number): Promise<Origin> {
  const port = await freePort();
  const program = fileURLToPath(new URL('held-origin.ts', import.meta.url));
  return started(port, new Program(process.execPath, ['--import', 'tsx', program, `${port}`, `${delay}`]));
}

/** Where files are in memory: what is put there would measure the disk otherwise. Room for 64 bodies on their way, twice. */
const MEMORY = '/dev/shm';
const ROOM = 128 * LARGE.bytes;

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM;
  } catch {
    return false;
  }
}

async function started(port: number, program: Program): Promise<Origin> {
  await program.listening(port);
  return { port, stop: () => program.stop() };
}
