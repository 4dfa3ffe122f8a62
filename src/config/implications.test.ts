import { describe, expect, it } from 'vitest';
import { type BufferLimits, findContradictions } from './implications.ts';
import { resolveSource } from './load.ts';
import { parseSource } from './source.ts';

const FILE = JSON.stringify(import.meta.filename);

function contradictions(more: string, limits: Partial<BufferLimits> = {}): readonly string[] {
  const text = `general = { mode = "Client", peer_hostname = "a" }\ntls = { cert = ${FILE}, key = ${FILE} }\n${more}`;
  const { config } = resolveSource(parseSource('x', text), {}, false);
  return findContradictions(config, { receive: undefined, send: undefined, ...limits });
}

describe('contradictions', () => {
  it('are not in the defaults', () => {
    expect(contradictions('')).toEqual([]);
  });

  it.each([
    ['stream_receive_window = 14719', /^stream_receive_window of 14,719 bytes is under initial_window/],
    ['receive_window = 14719', /^receive_window of 14,719 bytes is under initial_window/],
    ['send_window = 14719', /^send_window of 14,719 bytes is under initial_window/],
    ['udp_payload_size = 1473', /^initial_window of 14,720 bytes makes datagrams of at most 1,472 bytes/],
    ['keep_alive_interval = 2500', /^keep_alive_interval of 2500 ms is not under half of max_idle_timeout/],
    ['initial_rtt = 1667', /^three times initial_rtt of 1667 ms is not under max_idle_timeout of 5000 ms/],
    ['socket_receive_buffer_size = 14719', /^socket_receive_buffer_size of 14,719 bytes does not hold one/],
    [
      'congestion_algorithm = "None"\ninitial_window = 131055',
      /^congestion_algorithm "None" lets the window fall/,
    ],
  ])('%s', (line, warning) => {
    expect(contradictions(`[transport]\n${line}`)).toEqual([expect.stringMatching(warning)]);
  });

  it.each([
    'stream_receive_window = 14720',
    'keep_alive_interval = 2499',
    'initial_rtt = 1666',
    'udp_payload_size = 1472',
    'congestion_algorithm = "None"\ninitial_window = 131054',
  ])('begin only beyond %s', (line) => {
    expect(contradictions(`[transport]\n${line}`)).toEqual([]);
  });

  it('hold_timeout under connect_interval', () => {
    expect(contradictions('[system]\nhold_timeout = 999')).toHaveLength(1);
    expect(contradictions('[system]\nhold_timeout = 0')).toEqual([]);
  });

  it.each([
    ['socket_receive_buffer_size', 'receive', 'net.core.rmem_max'],
    ['socket_send_buffer_size', 'send', 'net.core.wmem_max'],
  ])('%s over what the system grants, with the sysctl to set', (key, side, name) => {
    const line = `[transport]\n${key} = 2000000`;
    expect(contradictions(line, { [side]: 1_999_999 })).toEqual([
      `${key} of 2,000,000 bytes is over the 1,999,999 bytes that the system grants: sysctl -w ${name}=2000000`,
    ]);
    expect(contradictions(line, { [side]: 2_000_000 })).toEqual([]);
  });
});
