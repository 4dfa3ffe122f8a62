import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_NAME, type IdentityFiles, SERVER_NAME, sharedPki } from '../support/certificates.ts';
import { Machine } from '../systemd/machine.fixture.ts';
import { deb, VERSION } from './products.ts';

const UNITS = 'ptproxy@server ptproxy@client';

const INSTALL = 'DEBIAN_FRONTEND=noninteractive apt-get install --yes /srv/ptproxy.deb';

/** What there is by the program's name, but for what dpkg itself keeps and its logs. */
const REMAINS = `find /usr /lib/ /etc /var/lib /var/cache /opt -name '*ptproxy*' -not -path '/var/lib/dpkg/*' | sort`;

/** What makes a machine without Node.js and the repository, where packages may start services, and /run as on Debian. */
const PREPARATION = `set -e
for name in node nodejs npm npx; do which -a $name | xargs rm -f; done
umount /mnt/ptproxy
rm -f /usr/sbin/policy-rc.d
mount -o remount,noexec /run`;

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.boot();
  run(PREPARATION);
  machine.write('/srv/ptproxy.deb', readFileSync(deb()), 'root:root', '644');
  run(INSTALL);
  const pki = await sharedPki();
  configure('ca.pem', readFileSync(pki.ca));
  end('server', await pki.server(), [
    'mode = "Server"',
    `peer_hostname = "${CLIENT_NAME}"`,
    'http_connect_address = "127.0.0.1:8080"',
  ]);
  end('client', await pki.client(), [
    'mode = "Client"',
    `peer_hostname = "${SERVER_NAME}"`,
    'connect_address = "127.0.0.1"',
    'http_bind_address = "127.0.0.1:20080"',
  ]);
  machine.write('/srv/page', 'from the origin\n', 'root:root', '644');
  run('systemd-run python3 -m http.server 8080 --bind 127.0.0.1 --directory /srv');
});

afterAll(() => machine?.stop());

function end(name: string, { cert, key }: IdentityFiles, general: readonly string[]): void {
  configure(`${name}.pem`, readFileSync(cert));
  configure(`${name}-key.pem`, readFileSync(key));
  const tls = ['ca = "ca.pem"', `cert = "${name}.pem"`, `key = "${name}-key.pem"`];
  configure(`${name}.toml`, ['[general]', ...general, '[tls]', ...tls, ''].join('\n'));
}

function configure(name: string, content: string | Buffer): void {
  machine.write(`/etc/ptproxy/${name}`, content, 'root:ptproxy', '640');
}

const run = (script: string): string => machine.must('sh', '-c', script);
const mainPids = (): string => run(`systemctl show --property MainPID --value ${UNITS}`);
const page = (): string =>
  run('curl --silent --fail --retry 20 --retry-connrefused http://127.0.0.1:20080/page');

describe('the Debian package, in a systemd without Node.js', () => {
  it('brings the program, and Node.js is not there', () => {
    expect(run('ptproxy --version')).toBe(`${VERSION}\n`);
    expect(() => run('command -v node')).toThrow('ended with');
  });

  it('keeps keys from other users', () => {
    expect(run('stat --format "%A %U %G" /etc/ptproxy')).toBe('drwxr-x--- root ptproxy\n');
  });

  it('runs both units, and a request goes through', () => {
    run(`systemctl enable --now ${UNITS}`);
    expect(run(`systemctl is-active ${UNITS}`)).toBe('active\nactive\n');
    expect(page()).toBe('from the origin\n');
  });

  it('goes on with the new version after an upgrade', () => {
    const before = mainPids();
    run(`${INSTALL} --reinstall`);
    expect(mainPids()).not.toBe(before);
    expect(run(`systemctl is-active ${UNITS}`)).toBe('active\nactive\n');
    expect(page()).toBe('from the origin\n');
  });

  it('stops them and leaves only configuration when it is removed', () => {
    run('apt-get remove --yes ptproxy');
    expect(run('systemctl list-units --no-legend "ptproxy@*"; pgrep ptproxy || true')).toBe('');
    const enabled = ['client', 'server'].map(
      (name) => `/etc/systemd/system/multi-user.target.wants/ptproxy@${name}.service`,
    );
    expect(run(REMAINS).trim().split('\n')).toEqual(['/etc/ptproxy', ...enabled]);
    expect(run('ls /etc/ptproxy').trim().split('\n')).toContain('server.toml');
  });

  it('keeps what the administrator wrote even when it is purged', () => {
    run('apt-get purge --yes ptproxy');
    expect(run(REMAINS)).toBe('/etc/ptproxy\n');
    expect(run('ls /etc/ptproxy').trim().split('\n')).toContain('server.toml');
  });

  it('takes an empty /etc/ptproxy along when it is purged', () => {
    run(`${INSTALL} && apt-get remove --yes ptproxy`);
    run('rm /etc/ptproxy/*');
    run('apt-get purge --yes ptproxy');
    expect(run(REMAINS)).toBe('');
  });
});
