import { expect, it } from 'vitest';
import { AddressPin } from './address-pin.ts';

it('keeps a peer to its address, or follows it to the next', () => {
  const pin = new AddressPin();
  const [here, there] = [
    { host: '192.0.2.1', port: 1 },
    { host: '192.0.2.1', port: 2 },
  ];
  const [yes, no] = [() => true, () => false];
  expect([pin.holds(here, no), pin.holds(here, no), pin.holds(there, no)]).toEqual([true, true, false]);
  expect([pin.holds(there, yes), pin.holds(there, no), pin.holds(here, no)]).toEqual([true, true, false]);
});
