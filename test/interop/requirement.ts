/** Suites that need a program which `npm ci` does not bring. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

/** Python with aioquic (`requirements.txt`). */
export const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

/** What is missing, and how to get it; `undefined` when nothing is. */
export type Missing = string | undefined;

export function missingCaddy(): Missing {
  const found = spawnSync('caddy', ['version']).status === 0;
  return found ? undefined : 'there is no caddy in the PATH (Debian: apt-get install caddy)';
}

export function missingAioquic(): Missing {
  const how = 'python3 -m venv .venv && .venv/bin/pip install -r test/interop/requirements.txt';
  if (!existsSync(PYTHON)) return `there is no .venv with aioquic (${how})`;
  const found = spawnSync(PYTHON, ['-c', 'import aioquic']).status === 0;
  return found ? undefined : `.venv has no aioquic (${how})`;
}

/** A suite that fails without its program where everything must run (`CI=true`), and is skipped with a word elsewhere. */
export function describeWith(missing: Missing, name: string, suite: () => void): void {
  if (missing === undefined) return void describe(name, suite);
  if (process.env.CI === 'true') {
    it(name, () => {
      throw new Error(missing);
    });
    return;
  }
  process.stderr.write(`skipped: ${name}: ${missing}\n`);
  describe.skip(`${name} (${missing})`, suite);
}
