/** Who is let in: each end judges the other's certificate, and both say why it was refused. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type LeafOptions } from '../../src/demo/certificates.ts';
import type { QuicClose, Role } from '../../src/quic/port.ts';
import { SERVER_NAME } from '../support/certificates.ts';
import { closeAll, DialFailed, dial, issueIdentity, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { RawClient, rawConfig } from '../support/quic-raw.ts';

afterEach(closeAll);

const HOUR = 3_600_000;
let stranger: Authority;

beforeAll(async () => {
  stranger = await createAuthority('somebody else');
});

/** Why a client says that it came to nothing. */
async function failureOf(port: number, changes: Parameters<typeof dial>[1]): Promise<QuicClose> {
  try {
    // A client believes that it is established before the server has judged its certificate.
    const end = await dial(port, changes);
    await end.until(() => end.closed !== undefined);
    if (end.closed !== undefined) return end.closed;
  } catch (error) {
    if (error instanceof DialFailed) return error.close;
    throw error;
  }
  throw new Error('unreachable');
}

/** Why each end says that it came to nothing, when `role` presents a certificate as described. */
async function refusalOf(
  role: Role,
  leaf: Partial<LeafOptions>,
  issuer?: Authority,
): Promise<Record<Role, QuicClose>> {
  const changes = { identity: await issueIdentity(role, leaf, issuer) };
  const server = await QuicServer.start(role === 'server' ? changes : {});
  const client = failureOf(server.port, role === 'client' ? changes : {});
  const refusal = { client: await client, server: await server.refusal() };
  expect(server.ends).toEqual([]);
  return refusal;
}

const EXPIRED = { notBefore: new Date(Date.now() - 48 * HOUR), notAfter: new Date(Date.now() - 24 * HOUR) };
const FUTURE = { notBefore: new Date(Date.now() + 24 * HOUR), notAfter: new Date(Date.now() + 48 * HOUR) };

describe.each<[Role, Role]>([
  ['client', 'server'],
  ['server', 'client'],
])('a certificate of the %s is refused by the %s', (role, judge) => {
  const other = role === 'client' ? 'server' : 'client';

  it.each<[string, Partial<LeafOptions>, number, RegExp]>([
    ['for another name', { names: ['other.example.org'] }, 298, /peer_hostname.*other\.example\.org/],
    ['that has expired', EXPIRED, 301, /expired/],
    ['that is not valid yet', FUTURE, 301, /not valid yet/],
    ['for another use', { usage: other }, 299, /not meant for this use/],
  ])('%s', async (_what, leaf, code, reason) => {
    const refusal = await refusalOf(role, leaf);
    expect(refusal[judge]).toMatchObject({ source: 'local', space: 'transport', code });
    expect(refusal[judge].reason).toMatch(reason);
    expect(refusal[role]).toMatchObject({ source: 'remote', space: 'transport', code });
    expect(refusal[role].reason).toMatch(/^the peer refused our certificate/);
  });

  it('of another CA', async () => {
    const refusal = await refusalOf(role, {}, stranger);
    expect(refusal[judge]).toMatchObject({ source: 'local', space: 'transport', code: 304 });
    expect(refusal[judge].reason).toMatch(/unknown_ca.*tls\.ca/);
    expect(refusal[role]).toMatchObject({ source: 'remote', space: 'transport', code: 304 });
  });
});

it('a client without certificate is refused', async () => {
  const server = await QuicServer.start();
  const { identity } = await quicOptions('client');
  const client = await RawClient.start(server.port, rawConfig(identity.ca), SERVER_NAME);
  expect(await server.refusal()).toMatchObject({ source: 'local', space: 'transport', code: 372 });
  await client.until((engine) => engine.peerError() !== null);
  expect(client.engine.peerError()?.errorCode).toBe(372);
  client.close();
});

it('a peer is known by its IP address where peer_hostname is one', async () => {
  const identity = await issueIdentity('server', { names: ['127.0.0.1'] });
  const server = await QuicServer.start({ identity });
  const end = await dial(server.port, { peerName: '127.0.0.1' });
  expect(end.connection.established).toBe(true);
});

it('a server with another IP address in its certificate is refused', async () => {
  const identity = await issueIdentity('server', { names: ['127.0.0.2'] });
  const server = await QuicServer.start({ identity });
  const failure = await failureOf(server.port, { peerName: '127.0.0.1' });
  expect(failure).toMatchObject({ source: 'local', code: 298 });
  expect(failure.reason).toContain('127.0.0.2');
});

it('a refused client leaves nothing behind at the server', async () => {
  const server = await QuicServer.start();
  const identity = await issueIdentity('client', {}, stranger);
  for (let attempt = 1; attempt <= 6; attempt++) await failureOf(server.port, { identity });
  await dial(server.port);
  await server.end();
  expect(server.refusals.length).toBe(6);
});

it('any certificate will do where verification is off', async () => {
  const server = await QuicServer.start({ verifyPeer: false });
  const identity = await issueIdentity('client', { names: ['anybody'] }, stranger);
  await dial(server.port, { identity });
  const { closed } = await server.end();
  expect(closed).toBeUndefined();
});

it('a key that cannot be read is refused before anything is sent', async () => {
  const identity = { ...(await issueIdentity('client')), key: Buffer.from('junk') };
  await expect(dial(9, { identity })).rejects.toThrow(/NO_START_LINE/);
});
