/** Makes what is handed out, in packaging/out: the single executable, the Debian package of it, and npm's tarball. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDeb } from '../packaging/deb.ts';
import { makeExecutable } from '../packaging/executable.ts';
import { notices } from '../packaging/notices.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDirectory = join(root, 'packaging/out');
const workDirectory = join(outDirectory, 'build');

async function main(): Promise<void> {
  const { version, description }: { version: string; description: string } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  mkdirSync(workDirectory, { recursive: true });
  const executable = join(outDirectory, 'ptproxy');
  const { needed, optional, packages } = await makeExecutable(executable, workDirectory, version);
  say(executable);
  if (haveDpkg()) {
    const nativeModules = { needed: Object.values(needed), optional: Object.values(optional) };
    say(
      makeDeb({
        root,
        executable,
        nativeModules,
        notices: notices(root, packages),
        version,
        description,
        workDirectory,
        outDirectory,
      }),
    );
  } else {
    process.stdout.write('no .deb: dpkg-dev is not installed\n');
  }
  const pack = ['pack', '--silent', '--pack-destination', outDirectory];
  execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  say(join(outDirectory, `ptproxy-${version}.tgz`));
}

function haveDpkg(): boolean {
  try {
    execFileSync('dpkg-shlibdeps', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function say(file: string): void {
  process.stdout.write(`${file}\n`);
}

await main();
