import { describe, expect, it } from 'vitest';
import { type Lookup, Resolver } from './addresses.ts';

const failing =
  (code: string): Lookup =>
  () =>
    Promise.reject(Object.assign(new Error(`getaddrinfo ${code} host.test`), { code }));

describe('the addresses of a name', () => {
  it('are tried with families in turn, the preferred one first, and no more than eight', async () => {
    const six = Array.from({ length: 6 }, (_, index) => `2001:db8::${index + 1}`);
    const four = Array.from({ length: 3 }, (_, index) => `192.0.2.${index + 1}`);
    const resolver = new Resolver(() => Promise.resolve([...six, ...four]));
    expect(await resolver.resolve('host.test')).toEqual([
      '2001:db8::1',
      '192.0.2.1',
      '2001:db8::2',
      '192.0.2.2',
      '2001:db8::3',
      '192.0.2.3',
      '2001:db8::4',
      '2001:db8::5',
    ]);
  });

  it('are asked for anew each time', async () => {
    const answers = [['192.0.2.1'], ['192.0.2.2']];
    const resolver = new Resolver(() => Promise.resolve(answers.shift() ?? []));
    expect(await resolver.resolve('host.test')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve('host.test')).toEqual(['192.0.2.2']);
    await expect(resolver.resolve('host.test')).rejects.toThrow('host.test has no address');
  });

  it('are the address itself where the host is one', async () => {
    const resolver = new Resolver(failing('ENOTFOUND'));
    expect(await resolver.resolve('2001:db8::1')).toEqual(['2001:db8::1']);
  });

  it.each([
    ['ENOTFOUND', /^the name host\.test has no address: .*spelled right.* \(ENOTFOUND\)$/],
    ['EAI_AGAIN', /^the name host\.test cannot be resolved at present: the DNS resolver.* \(EAI_AGAIN\)$/],
    ['ESERVFAIL', /^the name host\.test could not be resolved \(ESERVFAIL\)$/],
  ])('that cannot be had are told of in words: %s', async (code, words) => {
    await expect(new Resolver(failing(code)).resolve('host.test')).rejects.toThrow(words);
  });

  it('are not waited for when the resolver hangs, nor is it asked again meanwhile', async () => {
    let asked = 0;
    let answer: (addresses: readonly string[]) => void = () => {};
    const lookup: Lookup = () => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const resolver = new Resolver(lookup, 1);
    for (const _attempt of [1, 2]) {
      await expect(resolver.resolve('host.test')).rejects.toThrow(/could not be resolved within 1 ms/);
    }
    expect(asked).toBe(1);
    const late = resolver.resolve('host.test');
    answer(['192.0.2.1']);
    expect(await late).toEqual(['192.0.2.1']);
  });
});
