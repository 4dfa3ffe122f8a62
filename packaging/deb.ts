/** A Debian package of the executable, with systemd's units, documents and examples. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface DebOptions {
  /** The repository. */
  readonly root: string;
  readonly executable: string;
  /** Native modules inside the executable: what they need of the system, the package depends on, or recommends. */
  readonly nativeModules: { readonly needed: readonly string[]; readonly optional: readonly string[] };
  /** Licences of what is inside the executable. */
  readonly notices: string;
  readonly version: string;
  readonly description: string;
  /** For files that lie between. */
  readonly workDirectory: string;
  /** Where the package goes. */
  readonly outDirectory: string;
}

const DOCUMENTS = ['README.md', 'SECURITY.md', 'docs'];
/** What becomes which example; of a folder, what is in it. */
const EXAMPLES = [
  ['config', '.'],
  ['systemd/credentials.conf', 'credentials.conf'],
  ['certs/make.sh', 'certs/make.sh'],
  ['certs/README.md', 'certs/README.md'],
] as const;
const UNITS = [
  ['ptproxy@.service', 'lib/systemd/system/ptproxy@.service'],
  ['ptproxy@.socket', 'lib/systemd/system/ptproxy@.socket'],
  ['ptproxy.sysusers', 'usr/lib/sysusers.d/ptproxy.conf'],
] as const;

/** The package's own part in being installed and removed: `packaging/debian`. */
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** Writes `ptproxy_VERSION_ARCHITECTURE.deb` and returns its path. Needs Debian's dpkg-dev. */
export function makeDeb(options: DebOptions): string {
  const stage = join(options.workDirectory, 'deb');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(join(stage, 'etc/ptproxy'), { recursive: true });
  installProgram(stage, options);
  installUnits(stage, options.root);
  installDocuments(stage, options);
  settleModes(stage);
  const architecture = run('dpkg', ['--print-architecture'], options.root).trim();
  const version = debianVersion(options.version);
  writeControl(stage, version, architecture, options);
  const file = join(options.outDirectory, `ptproxy_${version}_${architecture}.deb`);
  run('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', stage, file], options.root);
  return file;
}

// 1.0.0-rc.1 comes before 1.0.0, which Debian writes with a tilde.
function debianVersion(version: string): string {
  return version.replace('-', '~');
}

function installProgram(stage: string, { executable }: DebOptions): void {
  mkdirSync(join(stage, 'usr/bin'), { recursive: true });
  copyFileSync(executable, join(stage, 'usr/bin/ptproxy'));
}

function installUnits(stage: string, root: string): void {
  for (const [source, name] of UNITS) cpSync(join(root, 'systemd', source), join(stage, name));
}

function installDocuments(stage: string, { root, notices }: DebOptions): void {
  const directory = join(stage, 'usr/share/doc/ptproxy');
  mkdirSync(directory, { recursive: true });
  for (const name of DOCUMENTS) cpSync(join(root, name), join(directory, name), { recursive: true });
  for (const [source, name] of EXAMPLES) {
    cpSync(join(root, source), join(directory, 'examples', name), { recursive: true });
  }
  writeFileSync(join(directory, 'changelog.gz'), gzipSync(readFileSync(join(root, 'CHANGELOG.md'))));
  writeFileSync(join(directory, 'copyright'), copyright(notices));
}

function copyright(notices: string): string {
  return `ptproxy is licensed under the Apache License, version 2.0;
on Debian systems its text is in /usr/share/common-licenses/Apache-2.0.

/usr/bin/ptproxy also contains:

${notices}`;
}

// Whatever umask and modes the files came with; only what starts with #! or is the program may be run.
function settleModes(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) settleModes(path);
    else chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  }
}

function isProgram(path: string): boolean {
  return path.includes('/usr/bin/') || readFileSync(path).subarray(0, 2).toString() === '#!';
}

function writeControl(stage: string, version: string, architecture: string, options: DebOptions): void {
  const directory = join(stage, 'DEBIAN');
  const files = filesUnder(stage);
  mkdirSync(directory);
  const kibibytes = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0);
  const sums = files.map(({ path, bytes }) => `${createHash('md5').update(bytes).digest('hex')}  ${path}\n`);
  writeFileSync(join(directory, 'md5sums'), sums.join(''));
  writeFileSync(
    join(directory, 'control'),
    `Package: ptproxy
Version: ${version}
Architecture: ${architecture}
Maintainer: ptproxy maintainers <maintainers@ptproxy.invalid>
Installed-Size: ${kibibytes}
${dependencies(options).join('\n')}
Section: net
Priority: optional
Description: point-to-point HTTP tunnel over QUIC
 ${options.description}.
`,
  );
  for (const name of SCRIPTS) {
    copyFileSync(join(options.root, 'packaging/debian', name), join(directory, name));
    chmodSync(join(directory, name), 0o755);
  }
}

interface StagedFile {
  /** From the root of the system that it is for. */
  readonly path: string;
  readonly bytes: Buffer;
}

function filesUnder(stage: string): readonly StagedFile[] {
  return readdirSync(stage, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: path.slice(stage.length + 1), bytes: readFileSync(path) }));
}

/** Fields with the shared libraries' packages, and the lowest versions that have the symbols in use. */
function dependencies({ executable, nativeModules, workDirectory }: DebOptions): readonly string[] {
  // dpkg-shlibdeps wants to be in a source package.
  mkdirSync(join(workDirectory, 'debian'), { recursive: true });
  writeFileSync(
    join(workDirectory, 'debian/control'),
    'Source: ptproxy\n\nPackage: ptproxy\nArchitecture: any\n',
  );
  const { needed, optional } = nativeModules;
  const args = ['-O', '-dDepends', executable, ...needed, '-dRecommends', ...optional];
  const fields = run('dpkg-shlibdeps', args, workDirectory).matchAll(/^shlibs:(\w+)=(.+)$/gm);
  return [...fields].map(([, field, packages]) => `${field}: ${packages}`);
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
