import { describe, expect, it } from 'vitest';
import { concat, RecordingQuic } from '../h3/recording-quic.fixture.ts';
import { encodeSettings } from '../h3/settings.ts';
import type { QuicEvents, Role } from '../quic/port.ts';
import type { NumberedConnection } from './connector.ts';
import { NOTHING_SAID } from './contract.fixture.ts';
import { Contracts } from './contracts.ts';
import { SILENT } from './pair.fixture.ts';
import { Peer } from './peer.ts';
import type { StreamWaiter } from './tunnel.ts';

class NumberedQuic extends RecordingQuic implements NumberedConnection {
  readonly id = 1;
  readonly tag = 'recorded';
  readonly rtt = 0;
  readonly isWorn = false;
  readonly traffic = { sentBytes: 0 };
  readonly peerCertificate = undefined;

  constructor(role: Role = 'client') {
    super(role);
  }
}

const LIMITS = { maxFieldSectionSize: 4096, qpackMaxTableCapacity: 0, qpackBlockedStreams: 0 };

/** A client end that asks for streams as soon as it starts, of a server whose SETTINGS come then. */
function start(enableConnectProtocol: boolean) {
  const quic = new NumberedQuic();
  const heard: string[] = [];
  const log = () => {};
  const logger = { debug: log, info: log, warn: log, error: log };
  const options = {
    connectInterval: 1000,
    holdTimeout: 1000,
    streamTimeout: 1000,
    requestsPerSession: 1_000_000,
    priming: 0,
    contracts: new Contracts(
      () => NOTHING_SAID,
      () => 0,
      logger,
    ),
    session: { ...LIMITS, qpackNeverIndexed: [], maxFieldCount: 10, now: () => 0 },
  };
  let events: QuicEvents | undefined;
  const peer = new Peer(
    (attempt) => {
      events = attempt.onConnection(quic, 'server');
    },
    options,
    logger,
    () => 0,
  );
  const waiter = (isUpgrade: boolean): StreamWaiter => ({
    ...SILENT,
    isUpgrade,
    onStream: () => heard.push(isUpgrade ? 'upgrade' : 'request'),
    onUnavailable: (reason, status) => heard.push(`${status} ${reason}`),
  });
  void peer.start();
  for (const isUpgrade of [true, false, true]) peer.open(waiter(isUpgrade));
  const settings = encodeSettings({ ...LIMITS, enableConnectProtocol });
  events?.onStreamData(3, concat(Buffer.of(0), settings), false);
  peer.stop();
  return heard;
}

describe('an upgrade', () => {
  it('gets a stream of a server that takes extended CONNECT', () => {
    expect(start(true)).toEqual(['upgrade', 'request', 'upgrade']);
  });

  it('is answered 501 when the server does not, and requests behind it go on', () => {
    const refused = '501 the server end takes no upgrades';
    expect(start(false)).toEqual([refused, 'request', refused]);
  });
});
