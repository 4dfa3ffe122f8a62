import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Pki, sharedPki } from '../support/certificates.ts';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';
import type { Sections } from '../support/tunnel.ts';
import { clientEnd, origin, serverEnd } from './ends.fixture.ts';
import { connectWithoutCertificate } from './raw-client.fixture.ts';

/** TLS alert certificate_required, as QUIC carries it (RFC 9001 §4.8). */
const CERTIFICATE_REQUIRED = 0x174;

const MINUTE = 60_000;
const BYGONE = { notBefore: new Date(Date.now() - 2 * MINUTE), notAfter: new Date(Date.now() - MINUTE) };
const TO_COME = { notBefore: new Date(Date.now() + 10 * MINUTE) };
const ANOTHER_NAME = { names: ['evil.example.org'] as [string] };

// What the end that judges says of the certificate, and what the end that presents it hears.
const UNKNOWN = /was not issued by the CA that .* trusts \(unknown_ca\); compare tls\.ca/;
const MISNAMED =
  /does not carry the name in peer_hostname.* \(bad_certificate\); compare general\.peer_hostname/;
const OUTDATED =
  /has expired or is not valid yet \(certificate_expired\); issue a new one, and compare the clocks/;
const MISUSED = /is not meant for this use \(unsupported_certificate\); issue it for client or server/;

interface Case {
  readonly title: string;
  readonly tls: (pki: Pki, other: Pki) => Promise<{ readonly cert: string; readonly key: string }>;
  readonly reason: RegExp;
}

const CLIENT_CASES: readonly Case[] = [
  { title: 'of another CA', tls: (_pki, other) => other.client(), reason: UNKNOWN },
  { title: 'with another name', tls: (pki) => pki.client(ANOTHER_NAME), reason: MISNAMED },
  { title: 'that has expired', tls: (pki) => pki.client(BYGONE), reason: OUTDATED },
  { title: 'that is not valid yet', tls: (pki) => pki.client(TO_COME), reason: OUTDATED },
  { title: 'for servers', tls: (pki) => pki.client({ usage: 'server' }), reason: MISUSED },
];

const SERVER_CASES: readonly Case[] = [
  { title: 'of another CA', tls: (_pki, other) => other.server(), reason: UNKNOWN },
  { title: 'with another name', tls: (pki) => pki.server(ANOTHER_NAME), reason: MISNAMED },
  { title: 'that has expired', tls: (pki) => pki.server(BYGONE), reason: OUTDATED },
  { title: 'that is not valid yet', tls: (pki) => pki.server(TO_COME), reason: OUTDATED },
  { title: 'for clients', tls: (pki) => pki.server({ usage: 'client' }), reason: MISUSED },
];

describe("a client's certificate", () => {
  it.each(CLIENT_CASES)(
    '$title is refused, and both logs say why and what to do',
    async ({ tls, reason }) => {
      const { client, server, requests } = await mismatched('client', tls);
      await server.process.waitForLog(matching(/refused: the peer's certificate/, reason));
      await client.process.waitForLog(matching(/lost: the peer refused our certificate: it/, reason));
      expect((await fetchWhole({ port: client.httpPort })).status).toBe(503);
      expect(requests()).toBe(0);
    },
  );

  it('with another name stands in the log of the end that expected another one', async () => {
    const { server } = await mismatched('client', (pki) => pki.client(ANOTHER_NAME));
    await server.process.waitForLog(/expected foo\.example\.org, found DNS:evil\.example\.org/);
  });

  it('that is missing is refused', async () => {
    const server = await serverEnd(1);
    expect(await connectWithoutCertificate(server.quicPort)).toEqual({
      isApp: false,
      code: CERTIFICATE_REQUIRED,
    });
    await server.process.waitForLog(
      /refused: the peer's certificate is missing \(certificate_required\); set tls\.cert and tls\.key/,
    );
  });
});

describe("a server's certificate", () => {
  it.each(SERVER_CASES)(
    '$title is refused, and both logs say why and what to do',
    async ({ tls, reason }) => {
      const { client, server, requests } = await mismatched('server', tls);
      await client.process.waitForLog(matching(/cannot connect to .*: the peer's certificate/, reason));
      await server.process.waitForLog(matching(/refused: the peer refused our certificate: it/, reason));
      expect((await fetchWhole({ port: client.httpPort })).status).toBe(503);
      expect(requests()).toBe(0);
    },
  );
});

describe('a client that is refused', () => {
  it('tries again, which both logs tell once', async () => {
    const { client, server } = await mismatched('client', (_pki, other) => other.client());
    const refusal = /refused: .*unknown_ca/;
    for (let attempt = 0, from = 0; attempt < 5; attempt++) {
      await server.process.waitForLog(refusal, from);
      from = server.process.lines.findIndex((line, index) => index >= from && refusal.test(line)) + 1;
    }
    const loud = (lines: readonly string[]) =>
      lines.filter((line) => /"level":"(warn|info)".*"msg":"connection /.test(line));
    expect(loud(server.process.lines)).toHaveLength(1);
    // One line that it was established, one that it was lost.
    expect(loud(client.process.lines)).toHaveLength(2);
  });

  it('is let in as soon as its certificate is right for the server', async () => {
    const pki = await sharedPki();
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 5000);
    const tls = { ...(await pki.client({ notBefore: soon })) };
    const server = await serverEnd(1);
    const client = await clientEnd(server.quicPort, { config: { tls, system: { connect_interval: 50 } } });
    await client.process.waitForLog(OUTDATED);
    await client.process.waitForLog(/tunnel ready/);
    expect(Date.now()).toBeGreaterThanOrEqual(soon.getTime());
  });
});

describe('garbage on the UDP port', () => {
  it('is dropped with a line in the log, and the tunnel comes up regardless', async () => {
    const { port } = await origin(hashEcho);
    const server = await serverEnd(port);
    await sendTo(server.quicPort, garbage());
    await server.process.waitForLog(/dropped a datagram from .*: it (is not QUIC|belongs to no connection)/);
    const client = await clientEnd(server.quicPort);
    await client.process.waitForLog(/tunnel ready/);
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
    await sendTo(server.quicPort, garbage());
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
    expect(server.process.lines.filter((line) => line.includes('dropped')).length).toBeLessThan(3);
  });
});

/** Two ends of which one presents what the other does not accept. */
async function mismatched(end: 'client' | 'server', tls: Case['tls']) {
  let count = 0;
  const { port } = await origin((request, response) => {
    count++;
    hashEcho(request, response);
  });
  const system = { connect_interval: 50, hold_timeout: 0, log_level: 'debug', log_format: 'json' };
  const wrong: Sections = {
    tls: { ...(await tls(await sharedPki(), await Pki.create('another CA'))) },
    system,
  };
  const server = await serverEnd(port, { config: end === 'server' ? wrong : { system } });
  const client = await clientEnd(server.quicPort, { config: end === 'client' ? wrong : { system } });
  return { client, server, requests: () => count };
}

/** One line that fits both. */
function matching(first: RegExp, second: RegExp): RegExp {
  return new RegExp(`"level":"warn".*${first.source} ?.*${second.source}`);
}

function garbage(): readonly Buffer[] {
  const sizes = [1, 5, 20, 21, 40, 100, 1200, 1350];
  const random = sizes.map((size) => randomBytes(size));
  // A long header of version 1, then noise: an Initial packet by its looks.
  const initials = sizes.map((size) =>
    Buffer.concat([Buffer.from('c00000000108', 'hex'), randomBytes(size)]),
  );
  const zeros = sizes.map((size) => Buffer.alloc(size));
  return [
    ...random,
    ...zeros,
    ...initials,
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  ];
}

async function sendTo(port: number, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams) {
    await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve));
  }
  socket.close();
  await once(socket, 'close');
}
