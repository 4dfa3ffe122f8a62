import type { EngineConnection } from './native.ts';

/** What connections have moved since they were opened, or all of them together. */
export interface Traffic {
  readonly sentPackets: number;
  readonly receivedPackets: number;
  readonly lostPackets: number;
  readonly retransmittedPackets: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly lostBytes: number;
  readonly retransmittedBytes: number;
}

export const NO_TRAFFIC: Traffic = {
  sentPackets: 0,
  receivedPackets: 0,
  lostPackets: 0,
  retransmittedPackets: 0,
  sentBytes: 0,
  receivedBytes: 0,
  lostBytes: 0,
  retransmittedBytes: 0,
};

export const sumOf = (one: Traffic, other: Traffic): Traffic => ({
  sentPackets: one.sentPackets + other.sentPackets,
  receivedPackets: one.receivedPackets + other.receivedPackets,
  lostPackets: one.lostPackets + other.lostPackets,
  retransmittedPackets: one.retransmittedPackets + other.retransmittedPackets,
  sentBytes: one.sentBytes + other.sentBytes,
  receivedBytes: one.receivedBytes + other.receivedBytes,
  lostBytes: one.lostBytes + other.lostBytes,
  retransmittedBytes: one.retransmittedBytes + other.retransmittedBytes,
});

/** What a connection has moved so far. */
export function trafficOf(engine: Pick<EngineConnection, 'stats'>): Traffic {
  const { sent, recv, lost, retrans, sentBytes, recvBytes, lostBytes, streamRetransBytes } = engine.stats();
  return {
    sentPackets: sent,
    receivedPackets: recv,
    lostPackets: lost,
    retransmittedPackets: retrans,
    sentBytes,
    receivedBytes: recvBytes,
    lostBytes,
    retransmittedBytes: streamRetransBytes,
  };
}
