import { expect, it } from 'vitest';
import { Closing } from './closing.ts';

const LAST = Buffer.from('CONNECTION_CLOSE');

function told() {
  const closing = new Closing(true, 0x100, 'x'.repeat(300));
  const heard: unknown[] = [];
  closing.sent(Buffer.from('data'));
  closing.tell({ close: (...args: unknown[]) => void heard.push(...args) }, 1000);
  closing.sent(LAST);
  return { closing, heard };
}

it('a peer is told of the end with a reason that fits its packet', () => {
  const { heard } = told();
  expect(heard).toEqual([true, 0x100, Buffer.from('x'.repeat(200))]);
});

it('the last datagram is sent twice more, and then all is said', () => {
  const { closing } = told();
  const sent: Buffer[] = [];
  const repeat = (now: number): number => {
    closing.repeat(now, (datagram) => sent.push(datagram));
    return sent.length;
  };
  expect([repeat(1004), repeat(1005), repeat(1006), repeat(1024)]).toEqual([0, 1, 1, 1]);
  expect([closing.isOver, closing.due(true)]).toEqual([false, 1025]);
  expect(repeat(1025)).toBe(2);
  expect([closing.isOver, closing.due(true), repeat(9999)]).toEqual([true, Number.POSITIVE_INFINITY, 2]);
  expect(sent).toEqual([LAST, LAST]);
});

it('a peer that goes on sending is told again, more and more rarely', () => {
  const { closing } = told();
  let answers = 0;
  for (let count = 0; count < 100; count++) closing.answer(() => answers++);
  expect(answers).toBe(7);
});

it('an engine that cannot tell the peer is given up on after a second', () => {
  const { closing } = told();
  expect([closing.isInVain(1999), closing.isInVain(2000), closing.due(false)]).toEqual([false, true, 2000]);
});
