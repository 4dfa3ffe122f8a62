import { describe, expect, it } from 'vitest';
import { fetchHashed } from '../support/http-client.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { origin, tunnel } from './ends.fixture.ts';

describe('datagrams of a jumbo link, with the widest window', () => {
  it('carry the handshake, whose first packets must stay small, and then bodies', async () => {
    const { port } = await origin((_request, response) => patternStream(3_000_000, 1).pipe(response));
    const transport = { initial_rtt: 1, initial_window: 655_270, udp_payload_size: 9000 };
    const end = { config: { transport } };
    const { client } = await tunnel(port, { client: end, server: end });
    const { sha256 } = await fetchHashed({ port: client.httpPort });
    expect(sha256).toBe(patternHash(3_000_000, 1));
  });
});
