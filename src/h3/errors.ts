/**
 * The peer broke a rule of HTTP/3 (RFC 9114 §8). Raised where the rule stands, with the code that the peer must
 * see; caught at the edge of `connection.ts`, which resets the stream or closes the connection.
 */
export class H3Error extends Error {
  override readonly name = 'H3Error';
  /** What has to end. */
  readonly scope: 'connection' | 'stream';
  /** HTTP/3 or QPACK error code. */
  readonly code: number;

  constructor(scope: 'connection' | 'stream', code: number, reason: string) {
    super(reason);
    this.scope = scope;
    this.code = code;
  }
}

/** An error that ends the connection. */
export const connectionError = (code: number, reason: string): H3Error =>
  new H3Error('connection', code, reason);

/** An error that ends one request stream. */
export const streamError = (code: number, reason: string): H3Error => new H3Error('stream', code, reason);
