import { describe, expect, it } from 'vitest';
import { LastLines } from './last-lines.ts';

describe('what was found of the last lines', () => {
  it('is told of the line that came last of its name, and of no other', () => {
    const lines = new LastLines<number>();
    lines.keep('vary', 'accept', 1);
    lines.keep('date', 'now', 2);
    lines.keep('vary', 'origin', 3);
    const asked = [lines.find('vary', 'accept'), lines.find('vary', 'origin'), lines.find('date', 'now')];
    expect(asked).toEqual([undefined, 3, 2]);
    expect([lines.find('date', 'accept'), lines.find('Vary', 'origin')]).toEqual([undefined, undefined]);
  });

  it('is not kept of long lines, nor of ever more names', () => {
    const lines = new LastLines<boolean>();
    lines.keep('long', 'v'.repeat(125), true);
    expect(lines.find('long', 'v'.repeat(125))).toBeUndefined();
    let kept = 0;
    for (let name = 0; name < 1000; name++) lines.keep(`name-${name}`, '', true);
    for (let name = 0; name < 1000; name++) if (lines.find(`name-${name}`, '') !== undefined) kept++;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(64);
  });
});
