import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/certificates.ts';
import { tarball, VERSION } from './products.ts';

const prefix = temporaryFolder();

beforeAll(() => {
  execFileSync('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball()], {
    cwd: prefix,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});

function ptproxy(...args: readonly string[]): string {
  return execFileSync(join(prefix, 'bin/ptproxy'), args, { encoding: 'utf8', cwd: prefix });
}

describe("npm's tarball, installed", () => {
  it('knows its version', () => {
    expect(ptproxy('--version')).toBe(`${VERSION}\n`);
  });

  it('runs the demo', () => {
    expect(ptproxy('demo', '--once', '--rtt', '20')).toMatch(/487,500 bytes up/);
  });

  it('has no key, no test and nothing of the sources', () => {
    const files = execFileSync('tar', ['-tzf', tarball()], { encoding: 'utf8' });
    expect(files).not.toMatch(/\.(pem|key)$|\.test\.|\.fixture\.|^package\/src\//m);
  });
});
