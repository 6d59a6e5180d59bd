import { describe, expect, test } from 'vitest';
import { createEvidence } from '../../../detector/rows/evidence.ts';
import { seededNormal } from './made-rows.ts';

const FLOOR = Float64Array.of(0.001);

function learnt(rows: number, value: () => number) {
  const evidence = createEvidence(1);
  for (let row = 0; row < rows; row++) {
    evidence.read(Float64Array.of(value()), FLOOR);
    evidence.learn(1, true);
  }
  const of = (value: number) => {
    evidence.read(Float64Array.of(value), FLOOR);
    return { odds: evidence.odds[0] as number, size: evidence.size[0] as number };
  };
  return { evidence, of };
}

describe('evidence', () => {
  test('grows with the deviation, on either side', () => {
    const { of } = learnt(3000, seededNormal(1));
    for (const side of [1, -1]) {
      const some = [0.5, 2, 4, 8, 100].map((far) => of(side * far));
      for (let i = 1; i < some.length; i++) {
        expect(some[i]?.odds).toBeGreaterThan(some[i - 1]?.odds as number);
        expect(some[i]?.size).toBeGreaterThan(some[i - 1]?.size as number);
      }
    }
  });

  test('odds know the side: what is usual upward is rare downward', () => {
    const normal = seededNormal(2);
    const { of } = learnt(5000, () => Math.abs(normal()) ** 3);
    expect(of(10).odds).toBeLessThan(3);
    expect(of(-10).odds).toBeGreaterThan(3.5);
  });

  test('odds of a column with many spikes are low where its size is not', () => {
    let row = 0;
    const spiky = learnt(5000, () => (++row % 50 === 0 ? 20 : 0.1));
    expect(spiky.of(20).odds).toBeLessThan(2.2);
    expect(spiky.of(20).size).toBeGreaterThan(Math.log(6));
  });

  test('a column that has never moved: rare as its rows are many, and bounded in size', () => {
    const { of } = learnt(5000, () => 0);
    expect(of(5).odds).toBeGreaterThan(Math.log10(5000));
    expect(of(5).size).toBeCloseTo(Math.log1p(1000), 9);
    expect(of(1e300).odds).toBeLessThanOrEqual(12);
  });

  test('deviations within the floor, and none at all, are no evidence', () => {
    const { of } = learnt(500, () => 0);
    for (const value of [0, 0.001, -0.0005, Number.NaN]) expect(of(value)).toEqual({ odds: 0, size: 0 });
  });

  test('a single row 1,000 deviations away does not make the next one ordinary', () => {
    const { evidence, of } = learnt(3000, seededNormal(3));
    const before = of(6).size;
    evidence.read(Float64Array.of(1000), FLOOR);
    evidence.learn(1, true);
    expect(of(6).size).toBeGreaterThan(0.95 * before);
  });

  test('rows that do not count leave the odds', () => {
    const { evidence, of } = learnt(3000, seededNormal(4));
    const before = of(8).odds;
    for (let row = 0; row < 600; row++) {
      evidence.read(Float64Array.of(8), FLOOR);
      evidence.learn(0.03, false);
    }
    expect(of(8).odds).toBe(before);
  });
});
