import { describe, expect, it } from 'vitest';
import { LogOutput } from './log-output.ts';

/** An output into a file that takes so many bytes, then fails as told. */
function start() {
  const file = { text: '', room: Number.POSITIVE_INFINITY, code: 'ENOSPC' };
  const losses: [number, string][] = [];
  const write = (bytes: Uint8Array): number => {
    const taken = bytes.subarray(0, Math.min(file.room, bytes.length));
    if (taken.length === 0) throw Object.assign(new Error(file.code), { code: file.code });
    file.text += Buffer.from(taken).toString();
    file.room -= taken.length;
    return taken.length;
  };
  const output = new LogOutput(write, (lines, code) => losses.push([lines, code]));
  return { file, losses, output };
}

const full = (code: string) => ({ room: 0, code });
const empty = { room: Number.POSITIVE_INFINITY };

describe('log output', () => {
  it('writes each line at once', () => {
    const { file, output } = start();
    output.write('one\n');
    expect(file.text).toBe('one\n');
  });

  it.each(['ENOSPC', 'EPIPE', 'EIO'])('goes on when lines are lost to %s, and says how many were', (code) => {
    const { file, losses, output } = start();
    Object.assign(file, full(code));
    for (let nth = 0; nth < 1000; nth++) output.write('lost\n');
    expect(losses).toEqual([]);
    Object.assign(file, empty);
    output.write('back\n');
    expect(file.text).toBe('back\n');
    expect(losses).toEqual([[1000, code]]);
    output.write('more\n');
    expect(losses).toHaveLength(1);
  });

  it('does not join a line to one that was written in part', () => {
    const { file, output } = start();
    file.room = 3;
    output.write('torn apart\n');
    Object.assign(file, empty);
    output.write('whole\n');
    output.write('more\n');
    expect(file.text).toBe('tor\nwhole\nmore\n');
  });

  it('keeps lines for a reader that is slow, in their order, and writes them when it can', async () => {
    const { file, losses, output } = start();
    Object.assign(file, { room: 3, code: 'EAGAIN' });
    output.write('first\n');
    output.write('second\n');
    expect(file.text).toBe('fir');
    Object.assign(file, empty);
    await expect.poll(() => file.text).toBe('first\nsecond\n');
    output.write('third\n');
    expect(file.text).toBe('first\nsecond\nthird\n');
    expect(losses).toEqual([]);
  });

  it('keeps no more than a megabyte, and says what was lost beyond', () => {
    const { file, losses, output } = start();
    Object.assign(file, full('EAGAIN'));
    const line = `${'x'.repeat(1023)}\n`;
    for (let nth = 0; nth < 3000; nth++) output.write(line);
    Object.assign(file, empty);
    output.flush();
    expect(file.text.length).toBe(1_048_576);
    expect(losses).toEqual([[3000 - 1024, 'EAGAIN']]);
  });

  it('writes once more what waits when the program ends', () => {
    const { file, output } = start();
    Object.assign(file, full('EAGAIN'));
    output.write('last words\n');
    Object.assign(file, empty);
    output.flush();
    expect(file.text).toBe('last words\n');
  });

  it('may be told of losses while it writes', () => {
    const { file } = start();
    const told = new LogOutput(
      (bytes) => {
        if (file.room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        file.text += Buffer.from(bytes).toString();
        return bytes.length;
      },
      (lines) => told.write(`${lines} lost\n`),
    );
    file.room = 0;
    told.write('a\n');
    told.write('b\n');
    Object.assign(file, empty);
    told.write('c\n');
    told.write('d\n');
    expect(file.text).toBe('c\n2 lost\nd\n');
  });
});
