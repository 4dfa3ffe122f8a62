/** A systemd of its own to install a package in: see `box.sh`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('box.sh', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** For systemd to answer, milliseconds. */
const PATIENCE = 30_000;

export class SystemdBox {
  readonly #home: string;
  readonly #keeper: ChildProcess;
  #complaints = '';

  /** Resolves when it has booted. */
  static async start(): Promise<SystemdBox> {
    const box = new SystemdBox();
    await box.#booted();
    return box;
  }

  private constructor() {
    this.#home = mkdtempSync(join(tmpdir(), 'ptproxy-box-'));
    this.#keeper = spawn('bash', [SCRIPT, this.#home, ROOT], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#keeper.stderr?.on('data', (text: Buffer) => {
      this.#complaints += text.toString();
    });
  }

  /** Runs a command inside and returns what it printed. Throws, with that, when it fails. */
  run(command: string, input: Buffer | string = ''): string {
    const { status, output } = this.#try(command, input);
    if (status !== 0) throw new Error(`exit code ${status}: ${command}\n${output}`);
    return output;
  }

  /** Copies a file of this machine to `path` inside. */
  put(file: string, path: string): void {
    this.run(`mkdir -p "$(dirname ${path})" && cat > ${path}`, readFileSync(file));
  }

  async stop(): Promise<void> {
    const ended = once(this.#keeper, 'close');
    process.kill(Number(this.#init()), 'SIGKILL');
    await ended;
    rmSync(this.#home, { recursive: true, force: true });
    removeControlGroup(basename(this.#home));
  }

  async #booted(): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    let seen = 'nothing yet';
    while (performance.now() < deadline) {
      if (this.#keeper.exitCode !== null) {
        throw new Error(`the box did not start, it needs root and systemd: ${this.#complaints}`);
      }
      seen = this.#try('systemctl is-system-running --wait').output.trim();
      if (seen === 'running' || seen === 'degraded') return;
    }
    throw new Error(`the box did not come up: ${seen}`);
  }

  #try(command: string, input: Buffer | string = ''): { status: number | null; output: string } {
    const inside = [
      '-t',
      this.#init(),
      '--all',
      'env',
      '-i',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'TERM=dumb',
    ];
    const { status, stdout, stderr } = spawnSync('nsenter', [...inside, 'sh', '-c', command], { input });
    return { status, output: `${stdout}${stderr}` };
  }

  /** The first process inside, by its number out here; that of nothing while there is none. */
  #init(): string {
    const keeper = this.#keeper.pid;
    return readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim() || '0';
  }
}

// A control group is removed as its empty directories are, from the innermost.
function removeControlGroup(name: string): void {
  const { stdout } = spawnSync('findmnt', ['--noheadings', '--types', 'cgroup2', '--output', 'TARGET'], {
    encoding: 'utf8',
  });
  const [unified = ''] = stdout.split('\n');
  spawnSync('find', [join(unified, name), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
}
