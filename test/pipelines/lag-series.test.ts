import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSeriesIndex, halvesOf } from '../../pipelines/lag-series.ts';

test('keeps numbers by id as a map does, through growth and for ids of equal halves', () => {
  const id = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: 0n, max: 40n }).map((n) => (n << 32n) | 7n),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, fc.nat(1_000_000)), { maxLength: 300 }),
      fc.array(id, { maxLength: 50 }),
      (entries, others) => {
        const index = createSeriesIndex(4);
        const map = new Map(entries);
        const halves = halvesOf(BigUint64Array.from(entries.map(([key]) => key)));
        for (const [i, [, value]] of entries.entries())
          index.set(halves[i * 2] as number, halves[i * 2 + 1] as number, value);
        expect(index.size).toBe(map.size);
        const asked = [...map.keys(), ...others];
        const parts = halvesOf(BigUint64Array.from(asked));
        for (const [i, key] of asked.entries())
          expect(index.find(parts[i * 2] as number, parts[i * 2 + 1] as number)).toBe(map.get(key) ?? -1);
      },
    ),
  );
});

test('halves of a part of a column are its own', () => {
  const ids = BigUint64Array.of(1n, (3n << 32n) | 2n, 5n).subarray(1, 2);
  expect([...halvesOf(ids)]).toEqual([2, 3]);
});
