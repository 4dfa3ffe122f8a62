import { describe, expect, it } from 'vitest';
import { Service } from './service.ts';

/** A service whose first attempt ends when the test says so, and what it tells. */
function service(remark = '') {
  let endAttempt = () => {};
  const attempted = new Promise<void>((resolve) => {
    endAttempt = resolve;
  });
  const messages: string[] = [];
  const end = {
    attempted,
    status: () => ({ state: 'up', figures: '' }),
    remotes: () => [],
    certificates: () => [],
    readings: () => {
      throw new Error('nobody asks');
    },
    drain: () => Promise.resolve(),
    reload: () => {},
    stop: () => Promise.resolve(),
  };
  const subject = new Service(
    end,
    (message) => messages.push(message),
    () => remark,
  );
  const attemptEnds = async () => {
    endAttempt();
    await attempted;
  };
  return { subject, attemptEnds, told: () => messages.splice(0) };
}

describe('a service', () => {
  it('is ready after the first attempt', async () => {
    const { subject, attemptEnds, told } = service();
    subject.started(true);
    expect(told()).toEqual(['STATUS=up']);
    await attemptEnds();
    expect(told()).toEqual(['READY=1\nSTATUS=up']);
  });

  it('shows in its status what the certificates need', () => {
    const { subject, told } = service('our certificate expires in 6 days');
    subject.started(false);
    expect(told()[0]).toBe('READY=1\nSTATUS=up; our certificate expires in 6 days');
  });

  it('is not ready any more when it was stopped during the first attempt', async () => {
    const { subject, attemptEnds, told } = service();
    subject.started(true);
    subject.stopping(0);
    told();
    await attemptEnds();
    expect(told()).toEqual([]);
  });

  it('says when a reload begins, by the monotonic clock, and when it is over', () => {
    const { subject, told } = service();
    subject.started(false);
    told();
    const before = process.hrtime.bigint() / 1000n;
    subject.reloading();
    const [, time] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading$/.exec(told()[0] ?? '') ?? [];
    expect(BigInt(time ?? 0)).toBeGreaterThanOrEqual(before);
    subject.reloaded();
    expect(told()).toEqual(['READY=1\nSTATUS=up']);
  });

  it('becomes ready with the end of a reload during which the first attempt ended', async () => {
    const { subject, attemptEnds, told } = service();
    subject.started(true);
    subject.reloading();
    told();
    await attemptEnds();
    expect(told()).toEqual([]);
    subject.reloaded();
    expect(told()).toEqual(['READY=1\nSTATUS=up']);
  });
});
