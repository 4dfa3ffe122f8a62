import type { Contract } from './contract.ts';

/** An end that says nothing of itself. */
export const NOTHING_SAID: Contract = {
  version: undefined,
  initialWindow: undefined,
  initialRtt: undefined,
  maxIdleTimeout: undefined,
  keepAliveInterval: undefined,
  streamReceiveWindow: undefined,
  congestionAlgorithm: undefined,
  udpPayloadSize: undefined,
  maxConcurrentHttpStreams: undefined,
  maxHeaderSize: undefined,
  clock: undefined,
  certificateExpiry: undefined,
};

/** An end with the defaults. */
export const DEFAULTS: Contract = {
  version: '1.2.3',
  initialWindow: 14_720,
  initialRtt: 333,
  maxIdleTimeout: 5000,
  keepAliveInterval: 2000,
  streamReceiveWindow: 16_000_000,
  congestionAlgorithm: 'Bbr',
  udpPayloadSize: 1350,
  maxConcurrentHttpStreams: 100,
  maxHeaderSize: 32_768,
  clock: Date.UTC(2030, 0, 1),
  certificateExpiry: Date.UTC(2030, 5, 1),
};
