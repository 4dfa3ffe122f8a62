/** What the ends tell each other when they connect, and what each of them makes of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { encodeSettings } from '../../src/h3/settings.ts';
import { NOTHING_SAID } from '../../src/proxy/contract.fixture.ts';
import { encodeContract, FIRST_ID } from '../../src/proxy/contract.ts';
import { version } from '../../src/version.ts';
import { clientInProcess, type EndSettings, KeptLog, serverInProcess } from '../support/in-process.ts';
import { dialRaw, RawServer } from '../support/raw-peer.ts';

const NO_ORIGIN = 1;
const open: { stop(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

async function server(settings: EndSettings = {}) {
  const log = new KeptLog();
  const end = await serverInProcess(NO_ORIGIN, settings, log);
  open.push(end);
  return { end, log };
}

async function client(quicPort: number, settings: EndSettings = {}) {
  const log = new KeptLog();
  const end = await clientInProcess(quicPort, settings, log);
  open.push(end);
  return { end, log };
}

const warnings = ({ lines }: KeptLog): string[] => lines.filter((line) => line.startsWith('warn'));

describe('two ends', () => {
  it('know what the other one says of itself, and until when its certificate holds', async () => {
    const theirs = await server({ transport: { initial_rtt: 200, max_concurrent_http_streams: 7 } });
    const ours = await client(theirs.end.quicPort, { system: { max_header_size: 5000 } });
    await ours.end.ready;
    const [peer] = ours.end.remotes();
    expect(peer?.contract).toMatchObject({
      version: version(),
      initialRtt: 200,
      congestionAlgorithm: 'Bbr',
      maxConcurrentHttpStreams: 7,
    });
    expect(peer?.contract?.certificateExpiry).toBe(peer?.certificate?.notAfter);
    // The client's word may still be on its way.
    const said = expect.poll(() => theirs.end.remotes()[0]?.contract);
    await said.toMatchObject({ initialRtt: 333, maxHeaderSize: 5000 });
    expect(ours.end.certificates().map(({ whose }) => whose)).toEqual(['own', 'ca', 'peer']);
    expect([...warnings(ours.log), ...warnings(theirs.log)]).toEqual([]);
  });

  it('both warn once of what hurts, each from its own point of view', async () => {
    const theirs = await server({ transport: { initial_rtt: 20 } });
    for (let count = 0; count < 2; count++) {
      const ours = await client(theirs.end.quicPort, { transport: { initial_rtt: 100 } });
      await ours.end.ready;
      await theirs.log.until(count === 0 ? /^warn initial_rtt/ : /^debug initial_rtt/);
      expect(warnings(ours.log)).toEqual([
        expect.stringContaining('initial_rtt is 100 ms here and 20 ms at the peer'),
      ]);
    }
    expect(warnings(theirs.log)).toEqual([
      expect.stringContaining('initial_rtt is 20 ms here and 100 ms at the peer'),
    ]);
  });
});

describe('a foreign server', () => {
  const CONTROL = 3;
  const LIMITS = { maxFieldSectionSize: 4096, qpackMaxTableCapacity: 0, qpackBlockedStreams: 0 };

  const connectTo = async (others: ReadonlyMap<number, number>) => {
    const server = await RawServer.start();
    open.push(server);
    const connecting = client(server.port);
    const peer = await server.next();
    const settings = encodeSettings({ ...LIMITS, enableConnectProtocol: true, others });
    await peer.send(CONTROL, Buffer.concat([Buffer.of(0), settings]));
    const ours = await connecting;
    await ours.end.ready;
    return ours;
  };

  it('that says nothing of itself is as good as another', async () => {
    const { end, log } = await connectTo(new Map());
    expect(end.remotes()).toMatchObject([{ contract: undefined }]);
    expect(warnings(log)).toEqual([]);
  });

  it('that says nonsense of itself is as good as another', async () => {
    const nonsense = Array.from({ length: 18 }, (_, index) => [FIRST_ID + 1 + index, 2 ** 53 - 1] as const);
    const { end, log } = await connectTo(new Map([[FIRST_ID, 1], ...nonsense]));
    expect(Object.values(end.remotes()[0]?.contract ?? {}).every((term) => term === undefined)).toBe(true);
    expect(warnings(log)).toEqual([]);
    expect(log.lines.some((line) => line.startsWith('debug ignored of what the peer says of itself'))).toBe(
      true,
    );
  });
});

it('a client that says nonsense of itself is served', async () => {
  const theirs = await server();
  const peer = await dialRaw(theirs.end.quicPort);
  const others = new Map([
    ...encodeContract({ ...NOTHING_SAID, version: '9.9.9' }),
    [FIRST_ID + 11, 2 ** 53 - 1],
  ]);
  const settings = encodeSettings({
    maxFieldSectionSize: 4096,
    qpackMaxTableCapacity: 0,
    qpackBlockedStreams: 0,
    enableConnectProtocol: false,
    others,
  });
  await peer.send(2, Buffer.concat([Buffer.of(0), settings]));
  await theirs.log.until(/debug ignored of what the peer says of itself: clock/);
  expect(theirs.end.remotes()).toMatchObject([{ contract: { version: '9.9.9', clock: undefined } }]);
  peer.close();
});
