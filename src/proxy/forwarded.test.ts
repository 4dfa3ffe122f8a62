import { describe, expect, it } from 'vitest';
import { forwardedElement } from './forwarded.ts';

describe('an element of Forwarded', () => {
  const rows: [name: string, address: string, node: string][] = [
    ['IPv4', '192.0.2.1', '192.0.2.1'],
    ['IPv6 in brackets', '2001:db8::1', '[2001:db8::1]'],
    ['IPv4 on a dual-stack socket', '::ffff:192.0.2.1', '192.0.2.1'],
  ];
  it.each(rows)('names %s', (_name, address, node) => {
    const hop = { remoteAddress: address, remotePort: 5, localAddress: address, localPort: 6 };
    expect(forwardedElement(hop, 'http3')).toBe(`for="${node}:5";by="${node}:6";proto=http3`);
  });
});
