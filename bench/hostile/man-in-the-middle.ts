/**
 * `man-in-the-middle.ts SERVER-PORT RATE`: passes datagrams between one client and the server. Writes its port; when it
 * is told a number of seconds, it also sends the client what a false server could, `RATE` a second, and then how many.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { quiche } from '../../src/quic/native.ts';
import { cryptoGaps, initialKeys, initialPacket } from './initial-packet.ts';

const STEP = 4;
const [serverPort, rate] = process.argv.slice(2).map(Number) as [number, number];

const front = createSocket('udp4').bind(0, '127.0.0.1');
const back = createSocket('udp4').bind(0, '127.0.0.1');
await Promise.all([once(front, 'listening'), once(back, 'listening')]);
let client: RemoteInfo | undefined;
let genuine = Buffer.alloc(100, 0x41);
front.on('message', (datagram, from) => {
  client = from;
  back.send(datagram, serverPort, '127.0.0.1');
});
back.on('message', (datagram) => {
  genuine = datagram;
  if (client !== undefined) front.send(datagram, client.port, client.address);
});

const ids = { destination: Buffer.alloc(0), source: randomBytes(8) };
const keys = initialKeys(randomBytes(8), 'server');
const crypto = Array.from({ length: 200 }, (_, n) => initialPacket(keys, ids, n, cryptoGaps(1000 * n)));
const versions = Buffer.alloc(100);
const versionsLength = quiche.negotiateVersion(Buffer.alloc(0), ids.source, versions);
const retry = Buffer.alloc(200);
const retryLength = quiche.retry(Buffer.alloc(0), ids.source, randomBytes(16), randomBytes(40), 1, retry);

/** In turn: made up, repeated, changed, and of each kind that a client must look at. */
const SHOTS: readonly ((n: number) => Buffer)[] = [
  () => randomBytes(1200),
  () => genuine,
  () => {
    const changed = Buffer.from(genuine);
    const at = changed.length - 1;
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  },
  (n) => crypto[n % crypto.length] ?? genuine,
  () => versions.subarray(0, versionsLength),
  () => retry.subarray(0, retryLength),
  () => Buffer.concat([Buffer.of(0x40), randomBytes(40)]),
];

console.log(front.address().port);
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const elapsed = performance.now() - start;
    const due = Math.min((rate * elapsed) / 1000, sent + (4 * STEP * rate) / 1000);
    for (; sent < due; sent++) {
      const datagram = SHOTS[sent % SHOTS.length]?.(sent);
      if (client !== undefined && datagram !== undefined) front.send(datagram, client.port, client.address);
    }
    if (elapsed < Number(line) * 1000) return;
    clearInterval(timer);
    console.log(sent);
  }, STEP);
}
