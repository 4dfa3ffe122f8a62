/** What `npm run package` makes, and how it is run here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The version that the repository has. */
export const VERSION: string = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version;

export const executable = (): string => product('ptproxy');
export const tarball = (): string => product(`ptproxy-${VERSION}.tgz`);

export function deb(): string {
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  return product(`ptproxy_${VERSION.replace('-', '~')}_${architecture}.deb`);
}

function product(name: string): string {
  const file = `${ROOT}packaging/out/${name}`;
  if (!existsSync(file)) throw new Error(`${file} is missing: make it by "npm run package"`);
  return file;
}

export interface Run {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs a program to its end, with nothing in its environment but `env`. */
export function runAlone(file: string, args: readonly string[], env: Record<string, string> = {}): Run {
  const { status, stdout, stderr } = spawnSync(file, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}
