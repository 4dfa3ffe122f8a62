/** What a service manager would hear. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/certificates.ts';

const SCRIPT = fileURLToPath(new URL('notify_socket.py', import.meta.url));

/** Whether sd-notify is compiled. Where everything must run (`CI=true`), tests are to fail without it. */
export function canNotify(): boolean {
  if (process.env.CI === 'true') return true;
  try {
    createRequire(import.meta.url)('sd-notify');
    return true;
  } catch {
    process.stderr.write(
      'skipped: sd-notify is not compiled (apt-get install g++ libsystemd-dev, then npm ci)\n',
    );
    return false;
  }
}

/** A socket for `NOTIFY_SOCKET`, for the time of the test. */
export class NotifySocket {
  readonly path: string;
  readonly messages: string[] = [];
  readonly #child: ChildProcess;
  readonly #news = new EventEmitter();
  #next = 0;

  static async open(): Promise<NotifySocket> {
    const socket = new NotifySocket(join(temporaryFolder(), 'notify'));
    await socket.next();
    socket.messages.splice(0);
    socket.#next = 0;
    return socket;
  }

  private constructor(path: string) {
    this.path = path;
    this.#child = spawn('python3', [SCRIPT, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no standard output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.messages.push(JSON.parse(line));
      this.#news.emit('news');
    });
    onTestFinished(async () => {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'close');
    });
  }

  /** The message after the one given last. */
  async next(): Promise<string> {
    while (this.#next >= this.messages.length) await once(this.#news, 'news');
    return this.messages[this.#next++] ?? '';
  }

  /** The next message that fits; those before it are skipped. */
  async nextLike(pattern: RegExp): Promise<string> {
    for (;;) {
      const message = await this.next();
      if (pattern.test(message)) return message;
    }
  }
}
