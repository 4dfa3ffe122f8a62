/** A private systemd, see boot.sh. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BOOT = fileURLToPath(new URL('boot.sh', import.meta.url));

/** How often to look, and how long to wait for something, milliseconds. */
const LOOK = 50;
const PATIENCE = 30_000;

/** What came of a command. */
export interface Outcome {
  readonly status: number | null;
  /** Standard output and standard error. */
  readonly output: string;
}

export class Machine {
  readonly #outside: ChildProcess;
  readonly #init: number;
  readonly #helpers: ChildProcess[] = [];

  /** Resolves when systemd has booted. */
  static async boot(): Promise<Machine> {
    const outside = spawn(BOOT, [ROOT], { stdio: ['ignore', 'inherit', 'inherit'] });
    try {
      const init = await until(
        () => systemdUnder(outside.pid),
        'systemd has started: it takes root, and the package systemd',
      );
      const machine = new Machine(outside, init);
      await until(() => machine.run('systemctl', 'is-system-running').status === 0, 'systemd has booted');
      return machine;
    } catch (error) {
      outside.kill('SIGKILL');
      throw error;
    }
  }

  private constructor(outside: ChildProcess, init: number) {
    this.#outside = outside;
    this.#init = init;
  }

  /** Ends it with all that runs in it. */
  async stop(): Promise<void> {
    for (const helper of this.#helpers) helper.kill('SIGKILL');
    this.#outside.kill('SIGKILL');
    await once(this.#outside, 'close');
    spawnSync(BOOT, [ROOT, 'clean', String(this.#outside.pid)], { stdio: 'inherit' });
  }

  /** Runs a command inside. */
  run(...command: readonly string[]): Outcome {
    return this.#run(command, '');
  }

  /** Runs a command inside that must not fail; gives its output. */
  must(...command: readonly string[]): string {
    const { status, output } = this.run(...command);
    if (status === 0) return output;
    const { output: log } = this.run('journalctl', '--no-pager', '--lines=30');
    throw new Error(`${command.join(' ')} ended with ${status}:\n${output}\n${log}`);
  }

  /** Writes a file inside, for `owner` (of the form user:group). */
  write(file: string, content: string | Buffer, owner: string, mode: string): void {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chown "$2" "$1" && chmod "$3" "$1"';
    const { status, output } = this.#run(['sh', '-c', script, 'sh', file, owner, mode], content);
    if (status !== 0) throw new Error(`cannot write ${file}: ${output}`);
  }

  /** A property of a unit (systemctl show). */
  property(unit: string, name: string): string {
    return this.must('systemctl', 'show', '--value', '--property', name, unit).trim();
  }

  /** Resolves when a property of a unit fits. */
  async untilProperty(unit: string, name: string, pattern: RegExp): Promise<void> {
    const fits = (): boolean => pattern.test(this.property(unit, name));
    await until(fits, `${name} of ${unit} is like ${pattern}`).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${this.property(unit, name)}\n${this.journal(unit)}`);
    });
  }

  /** Resolves when `look` says true. */
  async until(look: () => boolean, what: string): Promise<void> {
    await until(look, what);
  }

  /** What a unit has logged. */
  journal(unit: string): string {
    return this.must('journalctl', '--no-pager', '--output=cat', '--unit', unit);
  }

  /**
   * Runs a script of this folder at this machine's files but in the network inside, until the end. Gives its lines as
   * they come; `end` ends its standard input.
   */
  script(name: string, ...args: readonly string[]): AsyncIterator<string> & { end(): void } {
    const file = fileURLToPath(new URL(name, import.meta.url));
    const command = [`--net=/proc/${this.#init}/ns/net`, process.execPath, '--import', 'tsx', file, ...args];
    const child = spawn('nsenter', command, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#helpers.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return Object.assign(lines, { end: () => void child.stdin.end() });
  }

  #run(command: readonly string[], input: string | Buffer): Outcome {
    const args = ['--target', String(this.#init), '--all', '--', ...command];
    const { status, stdout, stderr } = spawnSync('nsenter', args, { input, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }
}

/** The systemd that a process has as its child, once it is there. */
function systemdUnder(pid: number | undefined): number | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    if (!/^\d+$/.test(child)) return undefined;
    return readFileSync(`/proc/${child}/comm`, 'latin1') === 'systemd\n' ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}

async function until<T>(look: () => T | undefined | false, what: string): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await setTimeout(LOOK);
  }
  throw new Error(`waited ${PATIENCE} ms in vain until ${what}`);
}
