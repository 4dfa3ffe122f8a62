import { Buffer } from 'node:buffer';
import { FrameTracker, goingAway } from './websocket-frames.ts';

/**
 * One direction of a WebSocket that passes through here. When this end stops, it says goodbye: a Close frame goes out
 * behind the frame under way, and what the sender says then goes nowhere.
 */
export class WebSocketDirection {
  readonly #frames = new FrameTracker();
  readonly #isMasked: boolean;
  #state: 'open' | 'ending' | 'ended' = 'open';

  /** `isMasked`: it goes from the client to the server (RFC 6455 §5.3). */
  constructor(isMasked: boolean) {
    this.#isMasked = isMasked;
  }

  /** Whether its sender has said that it closes. */
  get sawClose(): boolean {
    return this.#frames.sawClose;
  }

  /** Whether a Close frame was the last that went out. */
  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** What of `chunk`, and perhaps behind it, is to go on. */
  pass(chunk: Uint8Array): Uint8Array {
    if (this.#state === 'ending') return this.#finishFrame(chunk);
    this.#frames.pass(chunk);
    return this.#state === 'open' ? chunk : NOTHING;
  }

  /** Ends it; gives what is to go out now. Unless a frame is under way, that is the Close frame. */
  end(): Uint8Array {
    if (this.#state !== 'open') return NOTHING;
    this.#state = 'ending';
    return this.#finishFrame(NOTHING);
  }

  #finishFrame(chunk: Uint8Array): Uint8Array {
    const size = this.#frames.passFrame(chunk);
    if (!this.#frames.isBetween) return chunk;
    this.#state = 'ended';
    const frame = chunk.subarray(0, size);
    // Nothing may come behind a Close frame (§5.5.1).
    if (this.#frames.sawClose) return frame;
    this.#frames.pass(chunk.subarray(size));
    return Buffer.concat([frame, goingAway(this.#isMasked)]);
  }
}

const NOTHING = new Uint8Array(0);
