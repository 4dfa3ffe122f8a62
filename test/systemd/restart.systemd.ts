/** Restarts and reloads of both ends under load, in a real systemd. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_NAME, Pki, SERVER_NAME } from '../support/certificates.ts';
import { configure } from './instance.fixture.ts';
import { Machine } from './machine.fixture.ts';

const ORIGIN = 8081;
const FRONT = 20080;

const CLIENT = 'ptproxy@client.service';
const SERVER = 'ptproxy@server.service';
const SOCKET = 'ptproxy@client.socket';

/** Requests a second. */
const RATE = 200;

/** How long requests may wait for the next server, milliseconds: longer than it takes to start on a busy machine. */
const HOLD_TIMEOUT = 30_000;

let machine: Machine;
let pki: Pki;

beforeAll(async () => {
  machine = await Machine.boot();
  machine.must('/mnt/ptproxy/scripts/install.sh');
  pki = await Pki.create();
  await configureBoth();
  const origin = machine.script('origin.ts', String(ORIGIN), '20011');
  expect((await origin.next()).value).toBe('listening');
  machine.must('systemctl', 'start', SERVER, SOCKET);
  machine.must('systemctl', 'start', CLIENT);
});

afterAll(() => machine?.stop());

async function configureBoth(): Promise<void> {
  const general = { mode: 'Client', peer_hostname: SERVER_NAME, connect_address: '127.0.0.1' };
  const system = { hold_timeout: HOLD_TIMEOUT };
  configure(machine, 'client', { general, system }, pki, await pki.client());
  const http_connect_address = `127.0.0.1:${ORIGIN}`;
  const server = { mode: 'Server', peer_hostname: CLIENT_NAME, http_connect_address };
  configure(machine, 'server', { general: server }, pki, await pki.server());
}

/** What the origin has counted since this was called last. */
function counts(): { seen: number; repeated: number } {
  return JSON.parse(machine.must('curl', '--silent', `http://127.0.0.1:${ORIGIN}/counts`));
}

/** Does something under load, and expects that every request is answered rightly and reaches the origin once. */
async function underLoad(action: () => void | Promise<void>): Promise<void> {
  counts();
  const load = machine.script('load.ts', String(FRONT), String(RATE));
  expect((await load.next()).value).toBe('under way');
  await action();
  load.end();
  const { sent, failed, reasons } = JSON.parse((await load.next()).value);
  expect({ failed, reasons }).toEqual({ failed: 0, reasons: [] });
  expect(counts()).toEqual({ seen: sent, repeated: 0 });
  expect(sent).toBeGreaterThan(0);
}

function restart(unit: string): void {
  const pid = machine.property(unit, 'MainPID');
  machine.must('systemctl', 'restart', unit);
  expect(machine.property(unit, 'MainPID')).not.toBe(pid);
  expect(machine.property(unit, 'NRestarts')).toBe('0');
}

/** Answers come again. */
function untilAnswered(): void {
  machine.must('curl', '--silent', '--fail', '--max-time', '30', `http://127.0.0.1:${FRONT}/`);
}

const RUNS = [1, 2, 3];

describe(`under ${RATE} requests a second, GETs and POSTs`, () => {
  it.each(RUNS)('a restart of the server end loses and doubles none (%i)', async () => {
    await underLoad(() => {
      restart(SERVER);
      untilAnswered();
    });
  });

  it.each(RUNS)(
    'a restart of the client end, whose socket systemd holds, loses and doubles none (%i)',
    async () => {
      await underLoad(() => {
        restart(CLIENT);
        untilAnswered();
      });
    },
  );

  it('a reload of both ends to new certificates loses and doubles none', async () => {
    await underLoad(async () => {
      await configureBoth();
      for (const unit of [SERVER, CLIENT]) {
        const pid = machine.property(unit, 'MainPID');
        machine.must('systemctl', 'reload', unit);
        expect(machine.property(unit, 'MainPID')).toBe(pid);
        expect(machine.journal(unit)).toContain('configuration and certificates reloaded');
      }
      untilAnswered();
    });
  });
});
