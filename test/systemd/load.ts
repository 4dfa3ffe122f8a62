/**
 * Requests, each on a connection of its own: load.ts PORT COUNT INTERVAL. Writes "under way" when the first is
 * answered, and in the end how many were answered with 200, and what came of the others, as JSON.
 */
import { setInterval } from 'node:timers/promises';
import { fetchWhole } from '../support/http-client.ts';

const [port = 0, count = 0, interval = 0] = process.argv.slice(2).map(Number);

async function outcome(): Promise<string> {
  try {
    const { status, body } = await fetchWhole({ port });
    return status === 200 ? 'ok' : `${status} ${body.toString().trim()}`;
  } catch (error) {
    return String(error);
  }
}

const outcomes: Promise<string>[] = [];
for await (const _ of setInterval(interval)) {
  outcomes.push(outcome());
  if (outcomes.length === 1) process.stdout.write(`${await outcomes[0]}: under way\n`);
  if (outcomes.length >= count) break;
}
const all = await Promise.all(outcomes);
const others = all.filter((text) => text !== 'ok');
process.stdout.write(`${JSON.stringify({ ok: all.length - others.length, others })}\n`);
