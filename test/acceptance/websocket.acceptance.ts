import { it } from 'vitest';
import { exchangeMessages, holdManyBesideRequests } from '../integration/websocket.scenario.ts';
import { print } from './print.ts';

it('10,000 messages each way at once arrive in order and intact', async () => {
  await exchangeMessages(10_000, print);
});

it('500 WebSockets at once leave every place for requests', async () => {
  await holdManyBesideRequests(500, 2000, print);
});
