import { describe, expect, it } from 'vitest';
import { Repeats } from './repeats.ts';

function repeats() {
  const clock = { now: 0 };
  return { clock, repeats: new Repeats(() => clock.now) };
}

describe('what may happen again and again', () => {
  it('is news once a minute', () => {
    const { clock, repeats: news } = repeats();
    expect(news.isNews('a')).toBe(true);
    clock.now = 59_999;
    expect(news.isNews('a')).toBe(false);
    clock.now = 60_000;
    expect(news.isNews('a')).toBe(true);
  });

  it('is news when it is something else', () => {
    const { repeats: news } = repeats();
    news.isNews('a');
    expect(news.isNews('b')).toBe(true);
  });

  it('is news after everything was forgotten', () => {
    const { repeats: news } = repeats();
    news.isNews('a');
    news.clear();
    expect(news.isNews('a')).toBe(true);
  });

  it('is no news after 64 different things in a minute', () => {
    const { clock, repeats: news } = repeats();
    const told = Array.from({ length: 100 }, (_, index) => news.isNews(`${index}`));
    expect(told.filter((isNews) => isNews)).toHaveLength(64);
    clock.now = 60_000;
    expect(news.isNews('another')).toBe(true);
  });
});
