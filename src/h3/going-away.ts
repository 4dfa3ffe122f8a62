import type { Role, StreamId } from '../quic/port.ts';
import { encodeIntegerFrame, FrameType } from './frames.ts';
import type { OwnStream } from './own-stream.ts';

/** The end of a connection that is announced beforehand, by either end: GOAWAY (RFC 9114 §5.2). */
export class GoingAway {
  readonly #role: Role;
  readonly #control: OwnStream;
  #ownId: number | undefined;
  #peerGoes = false;

  /** `role` and `control` are ours. */
  constructor(role: Role, control: OwnStream) {
    this.#role = role;
    this.#control = control;
  }

  /** Whether either end has begun to: then no request may be opened. */
  get hasBegun(): boolean {
    return this.#peerGoes || this.#ownId !== undefined;
  }

  /** Server: asks for no more requests, but refuses none that is on its way. */
  announce(): void {
    if (this.#ownId !== undefined) return;
    this.#control.write(encodeIntegerFrame(FrameType.GOAWAY, LAST_REQUEST_ID));
  }

  /** A server names `next`, the first request that it does not take, a client the first push. */
  begin(next: StreamId): void {
    if (this.#ownId !== undefined) return;
    this.#ownId = this.#role === 'server' ? next : 0;
    this.#control.write(encodeIntegerFrame(FrameType.GOAWAY, this.#ownId));
  }

  /** Server: whether the request came too late. */
  refuses(id: StreamId): boolean {
    return this.#ownId !== undefined && id >= this.#ownId;
  }

  /** The peer sent GOAWAY. True the first time. */
  peerGoes(): boolean {
    const first = !this.#peerGoes;
    this.#peerGoes = true;
    return first;
  }
}

/** Above every request stream that there will be: what a double carries exactly, for 2^62−4 is not among that. */
const LAST_REQUEST_ID = 2 ** 53 - 4;
