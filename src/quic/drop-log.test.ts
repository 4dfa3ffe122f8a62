import { expect, it } from 'vitest';
import { DropLog } from './drop-log.ts';

it('says so once in ten seconds, with the number of all since', () => {
  const lines: [object, string][] = [];
  const ignore = (): void => {};
  const logger = {
    debug: ignore,
    info: ignore,
    warn: (details: object, text: string) => lines.push([details, text]),
  };
  let now = 0;
  const log = new DropLog(logger, () => now);
  for (; now < 9_999; now++) log.dropped('it is not QUIC', { host: '192.0.2.1', port: 5 });
  expect(lines).toEqual([
    [{ dropped: 1, from: '192.0.2.1:5' }, 'dropped a datagram from 192.0.2.1:5: it is not QUIC'],
  ]);
  now = 10_000;
  log.dropped('its first packet is too small for QUIC', { host: '192.0.2.2', port: 6 });
  log.dropped('it is not QUIC', { host: '192.0.2.1', port: 5 });
  expect(lines).toHaveLength(2);
  expect(lines[1]).toEqual([
    { dropped: 9_999, from: '192.0.2.2:6' },
    'dropped a datagram from 192.0.2.2:6: its first packet is too small for QUIC',
  ]);
});
