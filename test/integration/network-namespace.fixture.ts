/** A host of its own for the client end, with two cables to this one: a network namespace. Takes root and iproute2. */
import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** The last part of addresses; the first say which cable: 10.77.x.0/24. */
const HERE = 1;

export interface OtherHost {
  /** Runs a program there. */
  readonly launcher: readonly [string, ...string[]];
  /** Our addresses at the cable for the tunnel, and its address at the other, which always works. */
  readonly tunnelHere: string;
  readonly controlThere: string;
  /** Runs `ip` there, for the cable of the tunnel; `DEV` in an argument stands for its name. */
  ip(...args: string[]): void;
  /** An address there on the cable of the tunnel. */
  tunnelThere(last: number): string;
}

/** Why there can be none here, or `undefined`. */
export function whyNoOtherHost(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces take root';
  try {
    const name = `ptproxy-probe-${process.pid}`;
    run('ip', 'netns', 'add', name);
    run('ip', 'netns', 'delete', name);
    return undefined;
  } catch (error) {
    return `no network namespaces here: ${String(error)}`;
  }
}

/** A host for the time of the test. */
export function otherHost(): OtherHost {
  const id = process.pid % 100_000;
  const name = `ptproxy-${id}`;
  const subnet = 1 + (id % 120);
  run('ip', 'netns', 'add', name);
  onTestFinished(() => {
    // The kernel takes its time to delete what is in a namespace; the next host has the same names.
    for (const cable of cables) run('ip', 'link', 'delete', cable);
    run('ip', 'netns', 'delete', name);
  });
  const cables: string[] = [];
  const cable = (letter: string, third: number): void => {
    const [here, there] = [`pt${letter}h${id}`, `pt${letter}t${id}`];
    run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
    cables.push(here);
    run('ip', 'address', 'add', `10.77.${third}.${HERE}/24`, 'dev', here);
    run('ip', 'link', 'set', here, 'up');
    run('ip', '-n', name, 'address', 'add', `10.77.${third}.2/24`, 'dev', there);
    run('ip', '-n', name, 'link', 'set', there, 'up');
  };
  run('ip', '-n', name, 'link', 'set', 'lo', 'up');
  cable('a', subnet);
  cable('b', subnet + 120);
  return {
    launcher: ['ip', 'netns', 'exec', name],
    tunnelHere: `10.77.${subnet}.${HERE}`,
    controlThere: `10.77.${subnet + 120}.2`,
    ip: (...args) => run('ip', '-n', name, ...args.map((arg) => (arg === 'DEV' ? `ptat${id}` : arg))),
    tunnelThere: (last) => `10.77.${subnet}.${last}`,
  };
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}
