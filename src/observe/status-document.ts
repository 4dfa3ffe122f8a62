/** What `/status` says, and `ptproxy status` shows. Times are ISO 8601, durations in milliseconds, sizes in bytes. */
export interface StatusDocument {
  readonly program: 'ptproxy';
  readonly version: string;
  readonly node: string;
  readonly mode: 'client' | 'server';
  readonly pid: number;
  readonly started: string;
  readonly now: string;
  /** What it does, as systemd hears it. */
  readonly state: string;
  readonly ready: boolean;
  /** `null` when it is ready. */
  readonly not_ready_because: string | null;
  readonly connections: readonly ConnectionStatus[];
  readonly connects: number;
  /** By phase and reason; those that never came are left out. */
  readonly connection_failures: Readonly<Record<string, number>>;
  readonly last_failure: { readonly time: string; readonly reason: string } | null;
  readonly requests: RequestStatus;
  readonly traffic: Readonly<Record<string, number>>;
  readonly datagrams_dropped: Readonly<Record<string, number>>;
  readonly origin_connections: { readonly busy: number; readonly idle: number } | null;
  readonly certificates: readonly CertificateStatus[];
  /** What peers of our make say of themselves. */
  readonly peer: readonly PeerStatus[];
  /** By section and key, as far as they have a value. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The most recent warnings and errors of the log, oldest first. */
  readonly problems: readonly { readonly time: string; readonly level: string; readonly message: string }[];
}

export interface ConnectionStatus {
  /** Its number in the log. */
  readonly connection: number;
  readonly address: string;
  readonly since: string;
  readonly rtt: number;
  readonly congestion_window: number;
  readonly in_flight: number;
  readonly delivery_rate: number;
}

export interface RequestStatus {
  readonly in_flight: number;
  readonly waiting: number;
  readonly upgrades: number;
  /** By class of status. */
  readonly over: Readonly<Record<string, number>>;
  readonly aborted: number;
  readonly failed: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  /** Bounds under which half of all durations lie, and 99 in 100; `null`: over all bounds, or there were none. */
  readonly duration_p50: number | null;
  readonly duration_p99: number | null;
}

export interface CertificateStatus {
  readonly whose: string;
  readonly subject: string;
  readonly expires: string;
}

export interface PeerStatus {
  readonly connection: number;
  readonly version: string | null;
  readonly certificate_expires: string | null;
  readonly settings: Readonly<Record<string, string | number>>;
}
