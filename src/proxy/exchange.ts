import { Link } from '../bytes/linked-list.ts';
import type { OnOver } from './admission.ts';
import type { AdmittedRequest } from './origin-dialogue.ts';

/** What becomes of a request that was let in, as those need to know it who look after all of them. */
export abstract class Exchange extends Link {
  readonly admitted: AdmittedRequest;
  readonly onOver: OnOver;

  /** `onOver`: who waits until the peer has taken all of the answer, too. */
  constructor(admitted: AdmittedRequest, onOver: OnOver) {
    super();
    this.admitted = admitted;
    this.onOver = onOver;
  }

  /** Breaks both sides off. */
  abstract abort(): void;
}
