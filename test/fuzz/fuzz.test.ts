import { describe, expect, it } from 'vitest';
import { firstFailure, formatInput } from './corpus.ts';
import { fuzzEndpoint } from './endpoint/endpoint.ts';
import { Fuzzer, type Watcher } from './fuzzer.ts';
import { supervise } from './supervise.ts';
import { bytesOf, check, type Target } from './target.ts';
import { TARGETS } from './targets.ts';

const upTo = (runs: number): Watcher => ({ proceed: (executions) => executions < runs });

/** A parser that fails four decisions deep, which blind chance would need years for. */
const planted: Target = {
  name: 'planted',
  maxLength: 32,
  seeds: [],
  dictionary: [],
  run(input, trace) {
    let matched = 0;
    for (const [at, byte] of bytesOf('SETT').entries()) {
      if (input[at] !== byte) break;
      trace.hit(++matched);
    }
    check(matched < 4, `found at ${input.length} bytes`);
  },
};

describe('the fuzzer', () => {
  it('reaches what lies behind several decisions, by keeping what passed the first ones, and makes it small', async () => {
    const fuzzer = new Fuzzer(planted, 1);
    await fuzzer.run([], upTo(1_000_000));
    expect(fuzzer.findings.map(({ input }) => formatInput(input))).toEqual(['"SETT"']);
    expect(fuzzer.findings[0]?.message).toBe('found at 4 bytes');
  });

  it('does the same again with the same seed', async () => {
    const [one, other] = [new Fuzzer(planted, 7), new Fuzzer(planted, 7)];
    for (const fuzzer of [one, other]) await fuzzer.run([], upTo(20_000));
    expect(other.kept).toEqual(one.kept);
    expect(one.executions).toBe(20_000);
  });

  it('takes an error that comes later, too', async () => {
    const later: Target = { ...planted, run: async (input) => check(input[0] !== 1, 'later') };
    const fuzzer = new Fuzzer(later, 1);
    await fuzzer.run([], upTo(20_000));
    expect(fuzzer.findings.map(({ message }) => message)).toEqual(['later']);
  });

  it('ends an execution that hangs, and says with which input', async () => {
    const job = { target: 'hang', runs: 10, seconds: 60, seed: 1, keep: false };
    const verdict = await supervise(job, 1000, new URL('./hanging-worker.fixture.ts', import.meta.url));
    expect(verdict).toMatchObject({ kind: 'hung', executions: 3, input: Uint8Array.from(bytesOf('loop')) });
  });
});

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_name, target) => {
  it('keeps its rules for every input of the corpus', async () => {
    expect(await firstFailure(target)).toBeUndefined();
  });

  it('keeps its rules for some new inputs', async () => {
    const fuzzer = new Fuzzer(target, 2);
    await fuzzer.run([], upTo(400));
    expect(fuzzer.findings.map(({ input, message }) => [formatInput(input), message])).toEqual([]);
    expect(fuzzer.kept.length).toBeGreaterThan(3);
  });
});

it('the endpoint keeps a connection, and takes new ones, while datagrams are changed and forged', async () => {
  const { executions, echoes, findings } = await fuzzEndpoint(1, upTo(1000));
  expect(findings).toEqual([]);
  expect(executions).toBe(1000);
  expect(echoes).toBeGreaterThan(1);
});
