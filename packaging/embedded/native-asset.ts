/**
 * Native modules out of the single executable. The system's loader wants a file, so each is written to a directory
 * that nobody else can enter, loaded, and removed at once: the mapping outlives the name.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAsset } from 'node:sea';

/**
 * Loads the native module that is embedded as `asset`, and returns what it exports. Throws an Error that names each
 * directory tried and what was wrong with it.
 */
export function loadAsset(asset: string): unknown {
  return loadFrom(candidates(process.env), asset, new Uint8Array(getAsset(asset)));
}

// A file system may be mounted noexec, /run on Debian mostly is, and then the loader refuses what lies there.
function candidates(env: NodeJS.ProcessEnv): readonly string[] {
  const runtime = env.RUNTIME_DIRECTORY?.split(':')[0];
  const directories = [tmpdir(), '/var/tmp', '/dev/shm'];
  return runtime ? [runtime, ...directories] : directories;
}

function loadFrom(directories: readonly string[], name: string, bytes: Uint8Array): unknown {
  const failures: string[] = [];
  for (const directory of directories) {
    try {
      return loadIn(directory, name, bytes);
    } catch (error) {
      failures.push(`in ${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `cannot load the embedded ${name}; allowed is a TMPDIR that is writable and not mounted noexec; tried\n  ` +
      failures.join('\n  '),
  );
}

function loadIn(directory: string, name: string, bytes: Uint8Array): unknown {
  const home = mkdtempSync(join(directory, 'ptproxy-'));
  try {
    const file = join(home, name);
    writeFileSync(file, bytes, { flag: 'wx', mode: 0o500 });
    const loaded: { exports: unknown } = { exports: {} };
    process.dlopen(loaded, file, constants.dlopen.RTLD_NOW);
    return loaded.exports;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
