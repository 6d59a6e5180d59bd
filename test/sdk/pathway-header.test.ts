import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText, incoming, lastValue, readPathway, writePathway } from '../../sdk/src/pathway-header.ts';

const GOOD = '00-2db29d25116c2b7f-0640b5eecfe240-00000007a121';
const SPECIFIED = { high: 0x2db29d25, low: 0x116c2b7f, origin: 1_760_000_000_123_456, hop: 1_760_000_000_623_457 };

describe('the header', () => {
  it.each([
    ['text', GOOD],
    ['bytes', Buffer.from(GOOD)],
    ['a plain byte array', new Uint8Array(Buffer.from(GOOD))],
    ['a higher version', `01${GOOD.slice(2)}`],
    ['a higher version with more in it', `7f${GOOD.slice(2)}-whatever`],
  ])('is read from %s', (_, value) => {
    expect(readPathway(value)).toBe(true);
    expect(incoming).toEqual(SPECIFIED);
  });

  it('is written as the specification shows it', () => {
    expect(writePathway('2db29d25116c2b7f', SPECIFIED.origin, SPECIFIED.hop)).toBe(GOOD);
    expect(writePathway('2db29d25116c2b7f', SPECIFIED.origin, SPECIFIED.origin)).toMatch(/-0{12}$/);
    // A clock that was set back: the hop is not before the origin.
    expect(writePathway('2db29d25116c2b7f', SPECIFIED.origin, SPECIFIED.origin - 5)).toMatch(/-0{12}$/);
  });

  it.each([
    undefined,
    null,
    7,
    {},
    [],
    '',
    Buffer.alloc(0),
    GOOD.slice(1),
    `${GOOD}-more`,
    `${GOOD}0`,
    `01${GOOD.slice(2)}0`,
    `ff${GOOD.slice(2)}`,
    GOOD.replace('2db2', '2DB2'),
    GOOD.replace('2db2', '2gb2'),
    GOOD.replace('2db2', '2éb2'),
    GOOD.replaceAll('-', '_'),
    '00-0000000000000000-0640b5eecfe240-00000007a121',
    '00-2db29d25116c2b7f-00000000000000-00000007a121',
    '00-2db29d25116c2b7f-ffffffffffffff-00000007a121',
    '00-2db29d25116c2b7f-0640b5eecfe240-ffffffffffff'.replace('0640b5eecfe240', '19c91fbd080000'),
  ])('is malformed: %j', (value) => {
    expect(readPathway(value)).toBe(false);
  });

  it('comes back as it was written, whatever the values', () => {
    const hash = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 1, max: 0xffffffff }));
    const origin = fc.integer({ min: 1, max: 4_000_000_000_000_000 });
    const elapsed = fc.integer({ min: 0, max: 281_474_976_710_655 });
    fc.assert(
      fc.property(hash, origin, elapsed, fc.boolean(), ([high, low], at, later, asBytes) => {
        const text = writePathway(hashText(high, low), at, at + later);
        expect(text).toHaveLength(47);
        expect(readPathway(asBytes ? Buffer.from(text) : text)).toBe(true);
        expect(incoming).toEqual({ high, low, origin: at, hop: at + later });
      }),
    );
  });

  it('is never read from what is no header, and never throws', () => {
    const bytes = fc.uint8Array({ minLength: 40, maxLength: 60 });
    const near = fc.tuple(fc.nat(46), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(fc.property(fc.oneof(bytes, fc.string()), (value) => readPathway(value) === false));
    fc.assert(
      fc.property(near, ([at, character]) => {
        const changed = GOOD.slice(0, at) + character + GOOD.slice(at + 1);
        const shape = /^(?!ff)[0-9a-f]{2}-(?!0{16})[0-9a-f]{16}-(?!0{14})[0-9a-f]{14}-[0-9a-f]{12}$/;
        if (!shape.test(changed)) expect(readPathway(changed)).toBe(false);
      }),
    );
  });

  it('counts as the last of several', () => {
    expect(lastValue(['a', 'b'])).toBe('b');
    expect(lastValue([])).toBeUndefined();
    expect(lastValue('a')).toBe('a');
  });
});
