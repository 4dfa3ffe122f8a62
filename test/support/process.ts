/** The command line as a real process: its log lines, its memory, its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What `build.ts` compiled, where the test runner had it do so. */
const COMPILED = process.env.PTPROXY_TEST_PROGRAM;
const PROGRAM = COMPILED === undefined ? ['--import', 'tsx', 'src/main.ts'] : [COMPILED];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** How long {@link CliProcess.waitForLog} waits, in ms. Default 15,000. */
  readonly patience?: number;
  /** `main.js` of another build. Default: what the tests compiled, or the sources. */
  readonly program?: string;
  /** A program and its first arguments that execute the command in their place. */
  readonly launcher?: readonly [string, ...string[]];
}

/** `ptproxy` with the arguments given. Standard output and standard error are read as one list of lines. */
export class CliProcess {
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  /** When it was started, on the monotonic clock in ms. */
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #patience: number;
  readonly #news = new EventEmitter().setMaxListeners(0);
  #ended = false;

  constructor(args: readonly string[], options: ProcessOptions = {}) {
    this.#patience = options.patience ?? 15_000;
    const main = options.program === undefined ? PROGRAM : [options.program];
    const [program, ...command] = [...(options.launcher ?? []), process.execPath, ...main, ...args];
    this.#child = spawn(program ?? process.execPath, command, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#collect(this.#child.stdout);
    this.#collect(this.#child.stderr);
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#ended = true;
      this.#news.emit('news');
      return { code, signal };
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start');
    return this.#child.pid;
  }

  /** All lines as one text. */
  get output(): string {
    return this.lines.join('\n');
  }

  /**
   * The match in the first line, from number `from` on, that fits. Rejects with the output when the process ends
   * or time runs out before.
   */
  async waitForLog(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const deadline = performance.now() + this.#patience;
    for (let next = from; ; next++) {
      while (next >= this.lines.length) await this.#another(pattern, deadline);
      const match = pattern.exec(this.lines[next] ?? '');
      if (match !== null) return match;
    }
  }

  /** Resident memory in bytes. */
  rss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Leaves its output unread, and reads on. */
  pauseReading(): void {
    this.#child.stdout?.pause();
  }
  resumeReading(): void {
    this.#child.stdout?.resume();
  }

  /** Closes its output: nobody will ever read it. */
  stopReading(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Asks it to end, and kills it if it has not after ten seconds. */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), 10_000);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Resolves when there is a new line. */
  async #another(pattern: RegExp, deadline: number): Promise<void> {
    const left = deadline - performance.now();
    const why = this.#ended
      ? 'the process has ended'
      : left <= 0
        ? `${this.#patience} ms are over`
        : undefined;
    if (why !== undefined) throw new Error(`no log line fits ${pattern}: ${why}\n${this.output}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#news.once('news', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #collect(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      this.#news.emit('news');
    });
  }
}
