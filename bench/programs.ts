/** Programs that a measurement runs beside itself: their start, their ports, what they use, their end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a program may take to listen, ms. */
const PATIENCE = 15_000;

/** A program in the foreground; its output is kept for the message when it fails. */
export class Program {
  readonly #child: ChildProcess;
  readonly #command: string;
  #output = '';

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (chunk: Buffer): void => {
      this.#output = `${this.#output}${chunk}`.slice(-4000);
    };
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#command} did not start`);
    return this.#child.pid;
  }

  /** Resolves when TCP connections to `port` are taken. */
  async listening(port: number): Promise<this> {
    const deadline = performance.now() + PATIENCE;
    while (!(await accepts(port))) {
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${this.#command} does not listen at port ${port}:\n${this.#output}`);
      }
      await sleep(2);
    }
    return this;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(timer);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A TCP port of 127.0.0.1 where nothing listened a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What the program says of its version, or undefined when it is not installed. */
export function versionOf(command: string, args: readonly string[], pattern: RegExp): string | undefined {
  // Some write it to standard error, and some take the question for an error.
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1];
}

/** Processor time of a process, its threads and its children so far, in microseconds. */
export function cpuTime(pid: number): number {
  const own = threads(pid).map((thread) => nanoseconds(`/proc/${pid}/task/${thread}/schedstat`) / 1000);
  return sum(own) + sum(children(pid).map(cpuTime));
}

/** Resident memory of a process and its children, in bytes. */
export function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const own = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  return own + sum(children(pid).map(residentMemory));
}

function threads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

function children(pid: number): number[] {
  const lists = threads(pid).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}

function nanoseconds(file: string): number {
  return Number(readFileSync(file, 'utf8').split(' ', 1)[0]);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
