import { describe, expect, it } from 'vitest';
import { Link, LinkedList } from './linked-list.ts';

class Letter extends Link {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

function listOf(names: string) {
  const letters = [...names].map((name) => new Letter(name));
  const list = new LinkedList<Letter>();
  for (const letter of letters) list.add(letter);
  return { list, letters };
}

const spelled = (list: LinkedList<Letter>): string => [...list].map(({ name }) => name).join('');

describe('a linked list', () => {
  it('keeps the order of joining', () => {
    const { list } = listOf('abc');
    expect([spelled(list), list.size, list.first?.name]).toEqual(['abc', 3, 'a']);
  });

  it('tells who came first', () => {
    const { list } = listOf('abc');
    expect([2, 9].map((most) => list.oldest(most).map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
  });

  it.each([
    [0, 'bcd'],
    [1, 'acd'],
    [3, 'abc'],
  ])('closes where number %i has left', (at, rest) => {
    const { list, letters } = listOf('abcd');
    const letter = letters[at] as Letter;
    expect([list.delete(letter), list.has(letter), spelled(list), list.size]).toEqual([true, false, rest, 3]);
    list.add(letter);
    expect(spelled(list)).toBe(rest + letter.name);
  });

  it('has everybody once', () => {
    const { list, letters } = listOf('ab');
    list.add(letters[0] as Letter);
    expect([spelled(list), list.size]).toEqual(['ab', 2]);
  });

  it('lets nobody go who is in another list, or in none', () => {
    const { letters } = listOf('a');
    const { list } = listOf('b');
    expect([list.delete(letters[0] as Letter), list.delete(new Letter('c')), spelled(list)]).toEqual([
      false,
      false,
      'b',
    ]);
  });

  it('is left by who does not know it, and by who is in none', () => {
    const { list, letters } = listOf('ab');
    letters[0]?.leave();
    letters[0]?.leave();
    letters[1]?.leave();
    expect([list.size, list.first]).toEqual([0, undefined]);
  });

  it('is gone through without those that leave or come meanwhile', () => {
    const { list, letters } = listOf('abcd');
    let seen = '';
    for (const letter of list) {
      seen += letter.name;
      letters[2]?.leave();
      letter.leave();
      if (seen.length === 1) list.add(new Letter('e'));
    }
    expect([seen, spelled(list)]).toEqual(['abd', 'e']);
  });

  it('leaves nothing of it with who has left', () => {
    const { list, letters } = listOf('abc');
    list.delete(letters[1] as Letter);
    expect([letters[1]?.list, letters[1]?.previous, letters[1]?.next]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
