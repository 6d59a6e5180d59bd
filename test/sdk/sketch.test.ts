import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sketch, type SketchPoint } from '../../sdk/src/sketch.ts';

/** Bounds of a bucket in seconds: (lower, upper]. */
const bounds = (index: number) => [2 ** (index / 64), 2 ** ((index + 1) / 64)] as const;

function quantile(point: SketchPoint, q: number): number {
  let below = point.zeroCount;
  const rank = q * (point.count - 1);
  if (below > rank) return 0;
  const at = point.counts.findIndex((count) => {
    below += count;
    return below > rank;
  });
  return Math.sqrt(bounds(point.offset + at)[0] * bounds(point.offset + at)[1]);
}

describe('a sketch', () => {
  it('puts a latency into the bucket of scale 6 that holds it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 13 }), fc.integer({ min: 1, max: 5 }), (micros, count) => {
        const sketch = new Sketch();
        sketch.add(micros, count);
        const point = sketch.take();
        expect(point).toMatchObject({ count, zeroCount: 0, min: micros / 1e6, max: micros / 1e6 });
        expect(point.counts).toEqual([count]);
        const [lower, upper] = bounds(point.offset);
        expect(micros / 1e6).toBeGreaterThan(lower * (1 - 1e-12));
        expect(micros / 1e6).toBeLessThanOrEqual(upper * (1 + 1e-12));
      }),
    );
  });

  it('finds quantiles within 0.55 %, of whatever distribution', () => {
    const values = fc.array(fc.integer({ min: 1, max: 10 ** 10 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, (micros) => {
        const sketch = new Sketch();
        for (const value of micros) sketch.add(value, 1);
        const point = sketch.take();
        const sorted = micros.toSorted((a, b) => a - b);
        for (const q of [0, 0.5, 0.95, 0.99, 1]) {
          const exact = (sorted[Math.floor(q * (sorted.length - 1))] as number) / 1e6;
          expect(Math.abs(quantile(point, q) - exact) / exact).toBeLessThan(0.0055);
        }
        expect(point.sum).toBeCloseTo(micros.reduce((a, b) => a + b, 0) / 1e6, 3);
        expect(point.counts.reduce((a, b) => a + b, 0)).toBe(micros.length);
      }),
    );
  });

  it('counts what is below a microsecond as zero', () => {
    const sketch = new Sketch();
    sketch.add(0, 3);
    sketch.add(0.4, 1);
    const { sum, max, ...rest } = sketch.take();
    expect(rest).toEqual({ count: 4, zeroCount: 4, min: 0, offset: 0, counts: [] });
    expect([sum, max]).toEqual([expect.closeTo(4e-7, 12), expect.closeTo(4e-7, 12)]);
  });

  it('starts anew after each take, and keeps no more than its range', () => {
    const sketch = new Sketch();
    sketch.add(1000, 2);
    sketch.add(2 ** 60, 1);
    const first = sketch.take();
    expect(first.count).toBe(3);
    expect(first.counts.length).toBeLessThan(3300);
    expect(sketch.take()).toEqual({ count: 0, zeroCount: 0, sum: 0, min: 0, max: 0, offset: 0, counts: [] });
    sketch.add(5000, 1);
    expect(sketch.take()).toMatchObject({ count: 1, counts: [1], min: 0.005, max: 0.005 });
  });
});
