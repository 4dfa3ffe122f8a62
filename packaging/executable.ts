/** A single executable: Node.js itself, with the program and its native modules inside. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Bundle, bundle, type NativeModules } from './bundle.ts';

/** Node's fuse: off in every Node, and turned on where a program was put in. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Writes the executable to `file`, by way of files in `workDirectory`. It is for this machine's system and architecture. */
export async function makeExecutable(file: string, workDirectory: string, version: string): Promise<Bundle> {
  const main = join(workDirectory, 'ptproxy.cjs');
  const bundled = await bundle(main, version);
  const blob = makeBlob(main, { ...bundled.needed, ...bundled.optional }, workDirectory);
  if (!readFileSync(process.execPath).includes(`${FUSE}:0`)) {
    throw new Error(
      `${process.execPath} cannot carry a program; allowed is a Node.js as nodejs.org builds it`,
    );
  }
  // A running executable cannot be written to, but its name can be given to another file.
  rmSync(file, { force: true });
  copyFileSync(process.execPath, file);
  chmodSync(file, 0o755);
  postject(file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE);
  return bundled;
}

function makeBlob(main: string, assets: NativeModules, workDirectory: string): string {
  const output = join(workDirectory, 'ptproxy.blob');
  const configuration = join(workDirectory, 'sea-config.json');
  writeFileSync(
    configuration,
    JSON.stringify({ main, output, assets, useCodeCache: true, disableExperimentalSEAWarning: true }),
  );
  node('--experimental-sea-config', configuration);
  return output;
}

function postject(...args: readonly string[]): void {
  node(createRequire(import.meta.url).resolve('postject/dist/cli.js'), ...args);
}

// What they print is shown only when they fail: it is mostly about sections that Node has and they do not know.
function node(...args: readonly string[]): void {
  execFileSync(process.execPath, args, { stdio: 'pipe' });
}
