import { describe, expect, it } from 'vitest';
import { Liveness } from './liveness.ts';

const KEEP_ALIVE = 2000;

/** A peer that was last heard at time 0, and what became of it. */
function start(isFirst = true) {
  const log: string[] = [];
  const liveness = new Liveness(KEEP_ALIVE, isFirst, 0, {
    ping: () => log.push('ping'),
    repeat: (datagram) => log.push(`repeat ${datagram.length}`),
    onSilent: (silent) => log.push(silent ? 'silent' : 'answering'),
  });
  const advance = (now: number, heardAt = 0): string[] => {
    liveness.advance(now, heardAt, 400);
    return log.splice(0);
  };
  return { liveness, advance };
}

describe('a peer', () => {
  it('is asked after each keep_alive_interval of silence, and no sooner', () => {
    const { liveness, advance } = start();
    expect(liveness.due).toBe(2000);
    expect([advance(1999), advance(2000), advance(2001), advance(4000)]).toEqual([
      [],
      ['ping'],
      [],
      ['ping'],
    ]);
    expect(advance(5000, 4900)).toEqual([]);
    expect(liveness.due).toBe(6900);
  });

  it('is left the time to ask first by an end that comes second', () => {
    const { liveness, advance } = start(false);
    advance(1, 0);
    expect(liveness.due).toBe(3050);
    expect([advance(2900, 2005), advance(5054, 2005), advance(5055, 2005)]).toEqual([[], [], ['ping']]);
  });

  it('that is doubted is asked at once, again and again, and told of as silent after a second', () => {
    const { liveness, advance } = start();
    liveness.question(100);
    expect(liveness.due).toBeLessThanOrEqual(100);
    expect([advance(100), advance(400), advance(500), advance(900)]).toEqual([
      ['ping'],
      [],
      ['ping'],
      ['ping'],
    ]);
    expect(liveness.due).toBe(1100);
    expect([advance(1100), advance(1300), advance(1700)]).toEqual([['silent'], ['ping'], ['ping']]);
  });

  it('is told of at once where there is nothing to wait for', () => {
    const { liveness, advance } = start();
    liveness.question(100);
    liveness.question(200, 0);
    expect(advance(200)).toEqual(['silent', 'ping']);
  });

  it('that answers is beyond doubt again; what was heard before the question is no answer', () => {
    const { liveness, advance } = start();
    liveness.question(100);
    expect(advance(150, 90)).toEqual(['ping']);
    expect(advance(200, 190)).toEqual([]);
    expect(liveness.due).toBe(2190);
    liveness.question(300);
    expect(advance(1400, 190)).toEqual(['silent', 'ping']);
    expect(advance(1500, 1450)).toEqual(['answering']);
  });

  it('has not answered with what came between the question and its sending', () => {
    const { liveness, advance } = start();
    liveness.question(100, 0);
    expect(advance(105, 104)).toEqual(['silent', 'ping']);
    expect(advance(110, 109)).toEqual(['answering']);
  });

  it('that leaves something unanswered for longer than its round trips explain is doubted, however much more is sent', () => {
    const { liveness, advance } = start();
    for (let now = 100; now < 1100; now += 50) liveness.sent(Buffer.alloc(100), now, 0);
    advance(100);
    expect(liveness.due).toBe(1150);
    expect([advance(1149), advance(1150)]).toEqual([[], ['ping']]);
    expect([advance(2900), advance(2950)]).toEqual([['ping'], ['silent']]);
  });

  it('is not doubted for what only acknowledged what it sent, nor once anything came', () => {
    const { liveness, advance } = start();
    liveness.sent(Buffer.alloc(40), 105, 100);
    expect(advance(1500, 100)).toEqual([]);
    liveness.sent(Buffer.alloc(40), 1500, 100);
    expect(advance(2400, 1600)).toEqual([]);
    expect(liveness.due).toBe(3600);
  });

  it('in doubt gets the last large datagram again, which a full congestion window does not hold back', () => {
    const { liveness, advance } = start();
    liveness.sent(Buffer.alloc(1200), 5, 0);
    liveness.sent(Buffer.alloc(40), 5, 0);
    expect(advance(2000)).toEqual(['ping']);
    liveness.question(2100);
    expect(advance(2100)).toEqual(['ping', 'repeat 1200']);
  });
});
