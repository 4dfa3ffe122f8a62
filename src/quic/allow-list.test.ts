import { describe, expect, it } from 'vitest';
import { AllowList, networkOf } from './allow-list.ts';

describe('the list of allowed addresses', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', '::ffff:11.1.2.3'],
    ['192.0.2.7/32', '192.0.2.7', '192.0.2.8'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['::1/128', '::1', '127.0.0.1'],
    ['::ffff:10.0.0.0/104', '10.9.9.9', '11.0.0.1'],
    ['::ffff:10.0.0.0/104', '::ffff:10.9.9.9', '::1'],
    ['0.0.0.0/0', '203.0.113.9', '2001:db8::1'],
    ['::/0', '2001:db8::1', '203.0.113.9'],
    // Bits behind the prefix do not count.
    ['10.1.2.3/8', '10.200.0.1', '11.1.2.3'],
  ])('with %s takes %s and not %s', (block, inside, outside) => {
    const list = new AllowList(['198.51.100.0/24', block]);
    expect([list.allows(inside), list.allows(outside)]).toEqual([true, false]);
  });

  it('takes everybody when there is none', () => {
    expect(new AllowList(undefined).allows('2001:db8::1')).toBe(true);
  });
});

describe('addresses that count as one', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['2001:db8::3:4:5:6:7', '2001:db8:0:3'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::', '0:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s: %s', (host, network) => {
    expect(networkOf(host)).toBe(network);
  });
});
