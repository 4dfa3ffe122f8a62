/** A process of its own for the hostile side: what it costs is not to be taken for what it does to us. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { on } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Speaks in lines. */
export class Helper {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string[]>;

  /** Runs a program of this folder; `niceness` makes room for others. */
  constructor(program: string, args: readonly string[], niceness = 0) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const command = ['-n', `${niceness}`, process.execPath, '--import', 'tsx', file, ...args];
    this.#child = spawn('nice', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = on(createInterface({ input: this.#child.stdout }), 'line', { close: ['close'] });
  }

  /** The next line that it says. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('the helper has ended');
    return next.value[0] ?? '';
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  stop(): void {
    this.#child.kill();
  }
}
