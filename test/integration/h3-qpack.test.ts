/** What a client can do with QPACK's dynamic table (RFC 9204), right and wrong, at a server end with an origin behind. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { concat, controlStream } from '../../src/h3/recording-quic.fixture.ts';
import { serverInProcess } from '../support/in-process.ts';
import { startOrigin } from '../support/origin.ts';
import { dialRaw, type RawPeer } from '../support/raw-peer.ts';
import { expectOutcome, section, statusOf, turns } from './h3-rows.fixture.ts';
import { QPACK_DECOMPRESSION_FAILED } from './h3-shared-rows.fixture.ts';

const CONTROL = 2;
const ENCODER = 6;
/** The server's. */
const DECODER = 11;
const undecodable = { connection: QPACK_DECOMPRESSION_FAILED };

/** The encoder stream's beginning: its type, and a capacity of 4,096 bytes. */
const CAPACITY = Buffer.of(0x02, 0x3f, 0xe1, 0x1f);
/** Inserts :authority with the value a, by the name of static entry 0. */
const INSERT = Buffer.of(0xc0, 0x01, 0x61);

/** GET with scheme https and path / from the static table, and then `references`; after `prefix`. */
const get = (prefix: number[], ...references: number[]): Uint8Array =>
  section(...prefix, 0xd1, 0xd7, 0xc1, ...references);

/** Needs one insert, with a Base of 1; the reference to it is 0x80. */
const ONE_INSERT = [0x02, 0x00];
const DYNAMIC = 0x80;

async function connected(blockedStreams = 100): Promise<{ peer: RawPeer; hosts: string[] }> {
  const hosts: string[] = [];
  const origin = await startOrigin((request, response) => {
    hosts.push(request.headers.host ?? '');
    response.end('ok');
  });
  const server = await serverInProcess(origin.port, {
    transport: { qpack_blocked_streams: blockedStreams },
  });
  const peer = await dialRaw(server.quicPort);
  await peer.send(CONTROL, controlStream());
  onTestFinished(async () => {
    peer.close();
    await server.stop();
    await origin.stop();
  });
  return { peer, hosts };
}

async function expectAnswer(peer: RawPeer, id: number): Promise<void> {
  await peer.until(() => peer.stream(id).ended);
  expect(statusOf(peer.received(id))).toBe(200);
}

describe('a reference to the dynamic table', () => {
  it('is resolved', async () => {
    const { peer, hosts } = await connected();
    await peer.send(ENCODER, concat(CAPACITY, INSERT));
    await turns();
    await peer.send(0, get(ONE_INSERT, DYNAMIC), true);
    await expectAnswer(peer, 0);
    expect(hosts).toEqual(['a']);
  });

  it('waits for its insert, in pieces, without holding up others', async () => {
    const { peer, hosts } = await connected();
    await peer.send(0, get(ONE_INSERT, DYNAMIC), true);
    await turns();
    await peer.send(4, get([0, 0], 0x50, 0x01, 0x62), true);
    await expectAnswer(peer, 4);
    expect(hosts).toEqual(['b']);
    for (const byte of concat(CAPACITY, INSERT)) {
      await peer.send(ENCODER, Buffer.of(byte));
      await turns();
    }
    await expectAnswer(peer, 0);
    expect(hosts).toEqual(['b', 'a']);
  });

  const wrong: [name: string, prefix: number[], reference: number][] = [
    ['before the beginning of the table', ONE_INSERT, 0x81],
    ['behind Base without saying so', [0x02, 0x80], DYNAMIC],
    ['behind the Required Insert Count', ONE_INSERT, 0x10],
    ['with a Required Insert Count of 0', [0x00, 0x00], DYNAMIC],
  ];

  it.each(wrong)('%s cannot be decoded', async (_name, prefix, reference) => {
    const { peer, hosts } = await connected();
    await peer.send(ENCODER, concat(CAPACITY, INSERT));
    await turns();
    await peer.send(0, get(prefix, reference), true);
    await expectOutcome(peer, undecodable);
    expect(hosts).toEqual([]);
  });
});

describe('blocked streams', () => {
  it('may be as many as the setting says', async () => {
    const { peer } = await connected(2);
    for (const id of [0, 4]) await peer.send(id, get(ONE_INSERT, DYNAMIC), true);
    await turns();
    await peer.send(ENCODER, concat(CAPACITY, INSERT));
    for (const id of [0, 4]) await expectAnswer(peer, id);
  });

  it('may not be more', async () => {
    const { peer, hosts } = await connected(2);
    for (const id of [0, 4, 8]) await peer.send(id, get(ONE_INSERT, DYNAMIC), true);
    await expectOutcome(peer, undecodable);
    expect(hosts).toEqual([]);
  });

  it('are forgotten when they are reset, and the encoder is told', async () => {
    const { peer } = await connected(2);
    for (const [nth, id] of [0, 4, 8, 12].entries()) {
      await peer.send(id, get(ONE_INSERT, DYNAMIC));
      await turns();
      await peer.reset(id, Code.H3_REQUEST_CANCELLED);
      // The type of the stream, and a Stream Cancellation for each.
      await peer.until(() => peer.received(DECODER).length === nth + 2);
      expect(peer.received(DECODER).at(-1)).toBe(0x40 | id);
    }
    await peer.send(ENCODER, concat(CAPACITY, INSERT));
    await peer.send(16, get(ONE_INSERT, DYNAMIC), true);
    await expectAnswer(peer, 16);
  });
});
