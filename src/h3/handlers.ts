import type { QuicClose, StreamId } from '../quic/port.ts';
import type { H3Error } from './errors.ts';
import type { MessageReceiver } from './message-receiver.ts';
import type { StreamFailure } from './port.ts';
import type { Settings } from './settings.ts';

/** Who deals with one request stream. */
export interface RequestHandler {
  readonly id: StreamId;
  readonly receiver: MessageReceiver;
  /** When it began, milliseconds. */
  readonly since: number;
  /** The peer broke a rule on this stream: it has to be abandoned with the error's code. */
  onError(error: H3Error): void;
  onReset(code: number): void;
  onStopped(code: number): void;
  onDrain(): void;
  /** Client: the server's GOAWAY says that it does nothing with this stream (RFC 9114 §5.2). */
  onRejected(): void;
  /** The connection is over. */
  onLost(failure: StreamFailure): void;
}

/** Who deals with the connection as a whole. */
export interface ConnectionHandler {
  /** The peer's SETTINGS arrived. */
  onReady(settings: Settings): void;
  /** Server: the client opened a request stream. */
  onRequestStream(id: StreamId): RequestHandler;
  /** The peer's first GOAWAY. What it leaves undone is rejected afterwards. */
  onGoAway(): void;
  /** The last request in flight is over, in both directions. */
  onIdle(): void;
  onStreamsAvailable(): void;
  onClosed(close: QuicClose): void;
}
