/** The limit of open files of a process that runs (Linux, with util-linux). */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Lets the process open nothing more: a limit at the first number that is free. */
export function exhaustDescriptors(pid: number): void {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  setSoftLimit(pid, free);
}

/** Lets it have as many as it may. */
export function restoreDescriptors(pid: number): void {
  const hard = execFileSync('prlimit', ['--pid', String(pid), '--nofile', '--output=HARD', '--noheadings']);
  setSoftLimit(pid, Number(hard.toString()));
}

function setSoftLimit(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}
