import { describe, expect, it } from 'vitest';
import { Link } from '../bytes/linked-list.ts';
import { Turns } from './turns.ts';

class Sender extends Link {
  readonly name: string;
  readonly urgency: number;
  readonly incremental: boolean;
  left: number;

  constructor(name: string, urgency: number, incremental: boolean, left: number) {
    super();
    this.name = name;
    this.urgency = urgency;
    this.incremental = incremental;
    this.left = left;
  }
}

const sender = (...of: ConstructorParameters<typeof Sender>): Sender => new Sender(...of);

/** Lets everybody send a slice at their turn, and tells who did. */
function serve(...senders: Sender[]): string {
  const turns = new Turns<Sender>();
  for (const each of senders) turns.add(each);
  let order = '';
  for (let each = turns.next(); each !== undefined; each = turns.next()) {
    order += each.name;
    if (--each.left > 0) turns.again(each);
  }
  expect(turns.size).toBe(0);
  return order;
}

describe('turns', () => {
  it('are taken one slice each within an urgency', () => {
    expect(serve(sender('a', 3, true, 3), sender('b', 3, true, 2), sender('c', 3, true, 1))).toBe('abcaba');
  });

  it('go to the more urgent first', () => {
    expect(serve(sender('a', 4, true, 2), sender('b', 0, true, 2), sender('c', 7, true, 1))).toBe('bbaac');
  });

  it('serve one that is not incremental to its end', () => {
    expect(serve(sender('a', 3, false, 3), sender('b', 3, false, 2))).toBe('aaabb');
  });

  it('let an urgent one in between', () => {
    const turns = new Turns<Sender>();
    const bulk = sender('bulk', 4, false, 9);
    turns.add(bulk);
    expect(turns.next()).toBe(bulk);
    turns.again(bulk);
    const small = sender('small', 3, true, 1);
    turns.add(small);
    expect([turns.next(), turns.next(), turns.size]).toEqual([small, bulk, 0]);
  });

  it('hold everybody once, and forget who left', () => {
    const turns = new Turns<Sender>();
    const a = sender('a', 3, false, 1);
    turns.add(a);
    turns.add(a);
    expect(turns.size).toBe(1);
    turns.next();
    turns.again(a);
    turns.add(a);
    expect(turns.size).toBe(1);
    turns.delete(a);
    turns.delete(a);
    expect([turns.size, turns.next()]).toEqual([0, undefined]);
  });
});
