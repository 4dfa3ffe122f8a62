import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { streamDescriptor } from './descriptor.ts';
import { allOf, socketPair } from './socket-pair.fixture.ts';
import { loadedSystemCalls, loadSystemCalls, type SystemCalls } from './system-calls.ts';
import { MOST_BYTES, MOST_WRITES, WriteBatch, writeBatch } from './write-batch.ts';

const before = writeBatch();
const calls = await loadSystemCalls();
const supported = process.platform === 'linux';

async function pair(path?: string) {
  const { near, far } = await socketPair(path);
  near.on('error', () => {});
  return { near, far, descriptor: streamDescriptor(near) ?? -1 };
}

function opened(changed: Partial<SystemCalls> = {}): WriteBatch {
  const batch = calls === undefined ? undefined : WriteBatch.open({ ...calls, ...changed });
  if (batch === undefined) throw new Error('no system calls here');
  return batch;
}

describe.runIf(supported)('a batch of writes', () => {
  it('is there when the system calls are', () => {
    expect(before).toBeUndefined();
    expect(loadedSystemCalls()).toBe(calls);
    expect(writeBatch()).toBeInstanceOf(WriteBatch);
    expect(writeBatch()).toBe(writeBatch());
  });

  it('brings each socket what is for it, text and bytes, again and again', async () => {
    const batch = opened();
    const pairs = await Promise.all([pair(), pair(), pair()]);
    for (const round of [1, 2]) {
      for (const [index, { descriptor }] of pairs.entries()) {
        const text = `r\xe9ponse ${round} for ${index}\n`;
        expect(
          batch.add(
            descriptor,
            index === 1 ? [text.slice(0, 3), '', Buffer.from(text.slice(3), 'latin1')] : [text],
          ),
        ).toBe(true);
      }
      expect(batch.write()).toEqual([]);
    }
    for (const [index, { near, far }] of pairs.entries()) {
      near.end();
      expect((await allOf(far)).toString('latin1')).toBe(
        `r\xe9ponse 1 for ${index}\nr\xe9ponse 2 for ${index}\n`,
      );
    }
  });

  it('writes to Unix sockets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ptproxy-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { near, far, descriptor } = await pair(join(folder, 'socket'));
    const batch = opened();
    batch.add(descriptor, ['over a path']);
    expect(batch.write()).toEqual([]);
    near.end();
    expect((await allOf(far)).toString()).toBe('over a path');
  });

  it('gives back what a full socket has no room for', async () => {
    const batch = opened();
    const [full, other] = await Promise.all([pair(), pair()]);
    const given: Buffer[] = [];
    let rest: Buffer | undefined;
    for (let count = 0; rest === undefined && count < 1000; count++) {
      const piece = Buffer.alloc(100_000, count);
      given.push(piece);
      batch.add(full.descriptor, [piece]);
      batch.add(other.descriptor, ['.']);
      const remainders = batch.write();
      expect(remainders.every(({ index }) => index === 0)).toBe(true);
      rest = remainders[0]?.rest;
    }
    expect(rest).toBeDefined();
    full.near.end(rest ?? '');
    other.near.end();
    expect((await allOf(full.far)).equals(Buffer.concat(given))).toBe(true);
    expect((await allOf(other.far)).length).toBe(given.length);
  });

  it('gives back what is for a connection that was broken off, and the process lives', async () => {
    const batch = opened();
    const [broken, sound] = await Promise.all([pair(), pair()]);
    broken.near.pause();
    broken.far.destroy();
    await once(broken.far, 'close');
    // What comes first is answered with a reset.
    let remainders = batch.write();
    for (let count = 0; remainders.length === 0 && count < 1000; count++) {
      batch.add(broken.descriptor, ['late']);
      batch.add(sound.descriptor, ['.']);
      remainders = batch.write();
    }
    expect(remainders).toEqual([{ index: 0, rest: Buffer.from('late') }]);
  });

  it('writes what stands before a descriptor that is none, and gives back the rest', async () => {
    const batch = opened();
    const [one, other] = await Promise.all([pair(), pair()]);
    batch.add(one.descriptor, ['one']);
    batch.add(-1, ['nobody']);
    batch.add(other.descriptor, ['other']);
    expect(batch.write().map(({ index, rest }) => [index, rest.toString()])).toEqual([
      [1, 'nobody'],
      [2, 'other'],
    ]);
    one.near.end();
    expect((await allOf(one.far)).toString()).toBe('one');
  });

  it('gives everything back when the system refuses, and makes nothing up of an earlier batch', async () => {
    const { descriptor } = await pair();
    let refuses = false;
    const batch = opened({
      submit: (context, count, pointers) => (refuses ? -1 : (calls?.submit(context, count, pointers) ?? -1)),
    });
    batch.add(descriptor, ['taken']);
    expect(batch.write()).toEqual([]);
    refuses = true;
    batch.add(descriptor, ['left']);
    expect(batch.write()).toEqual([{ index: 0, rest: Buffer.from('left') }]);
  });

  it('has bounds, and room again when it was written', async () => {
    const { descriptor } = await pair();
    const batch = opened();
    expect(batch.add(descriptor, ['x', Buffer.alloc(MOST_BYTES)])).toBe(false);
    for (let count = 0; count < MOST_WRITES; count++) expect(batch.add(descriptor, ['x'])).toBe(true);
    expect(batch.add(descriptor, ['x'])).toBe(false);
    batch.write();
    expect(batch.add(descriptor, ['x'])).toBe(true);
  });

  it('is not there where the system grants no context', () => {
    if (calls === undefined) throw new Error('no system calls here');
    expect(WriteBatch.open({ ...calls, openContext: () => undefined })).toBeUndefined();
    // More than the system allows for all processes together (fs.aio-max-nr).
    expect(calls.openContext(2 ** 30)).toBeUndefined();
  });
});
