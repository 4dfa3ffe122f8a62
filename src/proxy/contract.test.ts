import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, NOTHING_SAID } from './contract.fixture.ts';
import { BLOCK_VERSION, decodeContract, encodeContract, FIRST_ID } from './contract.ts';

describe('the contract', () => {
  it('arrives as it was said', () => {
    expect(decodeContract(encodeContract(DEFAULTS))).toEqual({ contract: DEFAULTS, faults: [] });
  });

  it('leaves out what an end does not say', () => {
    const settings = encodeContract(NOTHING_SAID);
    expect([...settings]).toEqual([[FIRST_ID, BLOCK_VERSION]]);
    expect(decodeContract(settings).contract).toEqual(NOTHING_SAID);
  });

  it('uses no identifier that is reserved (RFC 9114 §7.2.4.1)', () => {
    for (const id of encodeContract(DEFAULTS).keys()) {
      expect((id - 0x21) % 0x1f).not.toBe(0);
      expect(id).toBeGreaterThan(0x3f);
    }
  });

  it('is not there when the peer is of another make', () => {
    const settings = new Map(encodeContract(DEFAULTS));
    settings.delete(FIRST_ID);
    expect(decodeContract(settings)).toEqual({ contract: undefined, faults: [] });
  });

  it('is read as far as it is known when the block is of a later version', () => {
    const settings = new Map([...encodeContract(DEFAULTS), [FIRST_ID, 7], [FIRST_ID + 18, 1]]);
    expect(decodeContract(settings).contract).toEqual(DEFAULTS);
  });

  it.each([
    [1, 1_000_000_000, 'version 1000000000'],
    [2, 0, 'initialWindow 0'],
    [3, 2 ** 60, `initialRtt ${2 ** 60}`],
    [7, 0, 'congestionAlgorithm 0'],
    [7, 5, 'congestionAlgorithm 5'],
    [8, 65_528, 'udpPayloadSize 65528'],
    [11, 5, 'clock 5'],
  ])('leaves out value %i when it is %i', (offset, value, fault) => {
    const settings = new Map([...encodeContract(DEFAULTS), [FIRST_ID + offset, value]]);
    const { contract, faults } = decodeContract(settings);
    expect(faults).toEqual([fault]);
    expect(Object.values(contract ?? {}).filter((term) => term === undefined)).toHaveLength(1);
  });

  it('can be read whatever the settings are', () => {
    const id = fc.integer({ min: FIRST_ID - 1, max: FIRST_ID + 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.double({ min: 0, max: 2 ** 62, noNaN: true }))), (pairs) => {
        decodeContract(new Map(pairs));
      }),
    );
  });
});
