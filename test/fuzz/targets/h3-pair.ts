import type { SessionOptions } from '../../../src/h3/options.ts';
import type { FieldLines } from '../../../src/h3/port.ts';
import type { Role } from '../../../src/quic/port.ts';
import { ACTIONS, End, type Sent } from '../h3/end.ts';
import type { Wire } from '../h3/quic.ts';
import type { Watch } from '../h3/watch.ts';
import { Input } from '../input.ts';
import { check, sameBytes, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';

const OPTIONS: SessionOptions = {
  maxFieldSectionSize: 600,
  maxFieldCount: 20,
  qpackMaxTableCapacity: 256,
  qpackBlockedStreams: 2,
  qpackNeverIndexed: [],
  now: () => 0,
};

const HAPPENINGS = ['interim', 'headers', 'data', 'trailers', 'end', 'drain', 'stopped', 'failed'] as const;

/** Both ends, and between them a network that keeps the order within each stream, and nothing else. */
class Pair {
  readonly client: End;
  readonly server: End;
  /** Signs of a stream's end that have not arrived; in time, each does. */
  readonly #signs: (() => void)[] = [];

  constructor(trace: Trace) {
    this.client = new End('client', OPTIONS, this.#wire('client'), trace);
    this.server = new End('server', OPTIONS, this.#wire('server'), trace);
    for (const end of [this.client, this.server]) {
      end.peerLimit = OPTIONS.maxFieldSectionSize;
      end.start();
    }
  }

  deliverSign(nth: number): boolean {
    const [sign] = this.#signs.splice(nth % Math.max(1, this.#signs.length), 1);
    sign?.();
    return sign !== undefined;
  }

  #other(role: Role): End {
    return role === 'client' ? this.server : this.client;
  }

  #wire(role: Role): Wire {
    return {
      write: (id, chunk, fin) => this.#other(role).quic.arrive(id, chunk, fin),
      reset: (id, code) => this.#signs.push(() => this.#other(role).quic.reset(id, code)),
      stop: (id, code) => this.#signs.push(() => this.#other(role).quic.stopped(id, code)),
      close: (code) => {
        this.#signs.push(() => this.#other(role).quic.end('remote', code));
        this.#signs.push(() => this.#other(role === 'client' ? 'server' : 'client').quic.end('local', code));
      },
    };
  }
}

/**
 * Two ends that keep the rules, whose owners do anything at any moment, over streams that are delayed against one
 * another: neither finds fault with the other, each is told what the other sent on that stream and nothing else, and in
 * the end nothing that was sent whole is missing.
 */
export const h3Pair: Target = {
  name: 'h3-pair',
  maxLength: 160,
  seeds: [
    [1, 1, 0, 2, 0, 0, 3, 0, 1, 20, 3, 0, 3, 0, 4, 0, 0, 0, 4, 0, 1, 30, 4, 0, 3, 0],
    [1, 0, 0, 255, 2, 3, 1, 0, 3, 0, 3, 0, 4, 0, 11, 0, 4, 0, 10, 0, 0, 1, 3, 1, 0, 0, 0, 1, 9],
    [7, 1, 0, 1, 0, 3, 0, 2, 0, 3, 0, 4, 0, 4, 0, 0, 0, 5, 5, 8, 3, 8, 9],
  ].map((steps) => Uint8Array.from(steps)),
  dictionary: [
    [1, 1, 0],
    [0, 0, 255],
    [0, 1, 255],
    [2, 0],
    [3, 0, 3, 0],
    [4, 0, 0, 0],
    [9],
    [4, 0, 11, 0],
  ].map((steps) => Uint8Array.from(steps)),
  async run(bytes, trace) {
    const input = new Input(bytes);
    const pair = new Pair(trace);
    while (!input.done) if (step(input, pair, trace)) await turn();
    await settle(pair);
    for (const end of [pair.client, pair.server]) end.checkRules();
    checkMessages(pair);
    for (const end of [pair.client, pair.server]) end.quic.end('idle', 0);
    await turn();
    for (const end of [pair.client, pair.server]) end.checkOver();
  },
};

async function turn(): Promise<void> {
  for (let left = 4; left > 0; left--) await undefined;
}

function step(input: Input, pair: Pair, trace: Trace): boolean {
  const kind = input.below(10);
  trace.hit(kind);
  const end = input.below(2) === 0 ? pair.client : pair.server;
  if (kind === 0) deliver(end, input.byte(), 1 + input.byte() * 4);
  else if (kind === 1) pair.client.request(input);
  else if (kind === 2) return true;
  else if (kind === 3) pair.client.act(input.below(4), input.pick(ACTIONS), input);
  else if (kind === 4) pair.server.act(input.below(4), input.pick(ACTIONS), input);
  else if (kind === 5) end.react(input.pick(HAPPENINGS), input.pick(ACTIONS));
  else if (kind === 6) end.quic.room = false;
  else if (kind === 7) end.quic.drain();
  else if (kind === 8) pair.deliverSign(input.byte());
  else steer(input, end);
  return false;
}

function steer(input: Input, end: End): void {
  const what = input.below(4);
  if (what === 0) end.session.goAway();
  else if (what === 1) end.session.announceGoAway();
  else if (what === 2) end.quic.allow('bidirectional');
  else end.quic.send();
}

function deliver({ quic }: End, nth: number, most: number): void {
  const waiting = [...quic.incoming.keys()].filter((id) => {
    const { chunks, fin, over, paused } = quic.incomingOf(id);
    return !over && !paused && (chunks.length > 0 || fin);
  });
  const id = waiting[nth % Math.max(1, waiting.length)];
  if (id !== undefined) quic.deliver(id, most);
}

// Everything arrives, nobody waits any more, and what that leads to arrives as well.
async function settle(pair: Pair): Promise<void> {
  for (const end of [pair.client, pair.server]) end.calm();
  for (let moved = true; moved; ) {
    await turn();
    moved = pair.deliverSign(0);
    for (const { quic, watches } of [pair.client, pair.server]) {
      quic.drain();
      quic.send();
      for (const { stream, isCancelled } of watches) if (!isCancelled) stream?.resume();
      await turn();
      for (const id of [...quic.incoming.keys()]) moved = quic.deliver(id, Number.POSITIVE_INFINITY) || moved;
    }
  }
}

function checkMessages({ client, server }: Pair): void {
  check(client.quic.closes.length + server.quic.closes.length === 0, 'neither finds fault with the other');
  checkReceived(client, server);
  checkReceived(server, client);
}

function checkReceived(receiver: End, sender: End): void {
  for (const watch of receiver.watches) {
    const id = watch.stream?.id ?? -1;
    const sent = sender.sent.get(id);
    checkPrefix(watch, sent);
    const isWhole = sent?.ended === true && !sender.quic.isGone(id);
    check(!isWhole || watch.receiving !== 'open', 'what was sent whole is told whole');
  }
}

function checkPrefix(watch: Watch, sent: Sent | undefined): void {
  const told = Buffer.concat(watch.content);
  const content = Buffer.concat(sent?.content ?? []);
  const interims = watch.interims.flat();
  check(
    sameFields(interims, sent?.interims.flat().slice(0, interims.length) ?? []),
    'interims are those sent',
  );
  check(watch.head === undefined || sameFields(watch.head, sent?.head), 'the head is the one sent');
  check(sameBytes(told, content.subarray(0, told.length)), 'content is what was sent on this stream');
  check(
    watch.trailers === undefined || sameFields(watch.trailers, sent?.trailers),
    'trailers are those sent',
  );
  if (watch.receiving !== 'ended') return;
  check(
    sent?.ended === true && told.length === content.length,
    'no message is told to be complete that is not',
  );
  check(
    sent.trailers === undefined || watch.trailers !== undefined,
    'trailers of a complete message are told',
  );
}

function sameFields(a: FieldLines, b: FieldLines | undefined): boolean {
  return b !== undefined && a.join('\n') === b.join('\n');
}
