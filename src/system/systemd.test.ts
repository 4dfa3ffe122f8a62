import { describe, expect, it } from 'vitest';
import {
  connectServiceManager,
  readyMessage,
  reloadingMessage,
  statusMessage,
  stoppingMessage,
} from './systemd.ts';
import { StatusReporter } from './systemd-status.ts';
import { watchdogInterval } from './systemd-watchdog.ts';

/** A logger that keeps what it is told. */
function recordingLogger() {
  const lines: string[] = [];
  return { lines, warn: (_details: object, message: string) => void lines.push(message) };
}

describe('messages', () => {
  it('are assignments, one a line', () => {
    expect(readyMessage('fine')).toBe('READY=1\nSTATUS=fine');
    expect(reloadingMessage('again', 1_234_567_890n)).toBe(
      'RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=again',
    );
    expect(stoppingMessage('bye', 30_000)).toBe('STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000\nSTATUS=bye');
  });

  it('take no assignment from a status text', () => {
    expect(statusMessage('lost: x\nMAINPID=1\r\n\0READY=1\u0085')).toBe('STATUS=lost: x MAINPID=1 READY=1');
  });

  it('bound the status text', () => {
    expect(statusMessage('x'.repeat(10_000))).toBe(`STATUS=${'x'.repeat(499)}…`);
  });
});

describe('connecting to the service manager', () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'sd-notify'\nRequire stack: …"));

  it('says once what to install when sd-notify is missing', async () => {
    const logger = recordingLogger();
    const notify = await connectServiceManager({ NOTIFY_SOCKET: '/run/systemd/notify' }, logger, missing);
    notify('READY=1');
    expect(logger.lines).toEqual([
      'NOTIFY_SOCKET is set, but systemd will hear nothing: sd-notify cannot be loaded ' +
        "(Cannot find package 'sd-notify'); install libsystemd-dev and a C++ compiler and run " +
        '"npm ci" again, or set Type=exec and no WatchdogSec in the unit',
    ]);
  });

  it('says nothing about it where there is no service manager', async () => {
    const logger = recordingLogger();
    const notify = await connectServiceManager({}, logger, missing);
    notify('READY=1');
    expect(logger.lines).toEqual([]);
  });
});

describe('watchdog interval', () => {
  const interval = (env: NodeJS.ProcessEnv, factor = 1.5, logger = recordingLogger()) =>
    watchdogInterval(env, 42, factor, logger);

  it("is systemd's limit divided by the factor", () => {
    expect(interval({ WATCHDOG_USEC: '6000000' })).toBe(4000);
    expect(interval({ WATCHDOG_USEC: '6000000', WATCHDOG_PID: '42' }, 2)).toBe(3000);
  });

  it('is not there when systemd wants none, or none from us', () => {
    expect(interval({})).toBeUndefined();
    expect(interval({ WATCHDOG_USEC: '' })).toBeUndefined();
    expect(interval({ WATCHDOG_USEC: '6000000', WATCHDOG_PID: '43' })).toBeUndefined();
  });

  it('is one that a timer can have', () => {
    expect(interval({ WATCHDOG_USEC: '1' })).toBe(10);
    expect(interval({ WATCHDOG_USEC: '9'.repeat(16) })).toBe(2 ** 31 - 1);
  });

  it.each(['x', '-1', '0', '1.5', '1e3', '9'.repeat(17)])('is not made of %s, which is said', (limit) => {
    const logger = recordingLogger();
    expect(interval({ WATCHDOG_USEC: limit }, 1.5, logger)).toBeUndefined();
    expect(logger.lines).toEqual([
      `no watchdog: WATCHDOG_USEC is "${limit}"; allowed is a number of microseconds`,
    ]);
  });
});

describe('status reporter', () => {
  /** A reporter whose status and clock the test sets. */
  function reporter() {
    const status = { state: 'up', figures: '1 request' };
    const told: string[] = [];
    let now = 0;
    const subject = new StatusReporter(
      () => ({ ...status }),
      (text) => told.push(text),
      () => now,
    );
    const lookAt = (time: number): readonly string[] => {
      now = time;
      subject.look();
      return told.splice(0);
    };
    return { status, subject, lookAt };
  }

  it('tells of a changed state at the next look', () => {
    const { status, lookAt } = reporter();
    expect(lookAt(0)).toEqual(['up; 1 request']);
    status.state = 'down';
    expect(lookAt(1)).toEqual(['down; 1 request']);
  });

  it('tells of changed figures every five seconds', () => {
    const { status, lookAt } = reporter();
    lookAt(0);
    status.figures = '2 requests';
    expect(lookAt(4999)).toEqual([]);
    expect(lookAt(5000)).toEqual(['up; 2 requests']);
  });

  it('does not repeat itself', () => {
    const { subject, lookAt } = reporter();
    expect(subject.take()).toBe('up; 1 request');
    expect(lookAt(60_000)).toEqual([]);
  });

  it('leaves out figures that are not there', () => {
    const { status, lookAt } = reporter();
    status.figures = '';
    expect(lookAt(0)).toEqual(['up']);
  });
});
