import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FEATURES, Features, LONGEST_GAP, squash, unsquash } from '../../../../detector/lstm/forecast/features.ts';
import { gauss, seeded } from '../../world.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 1);

function run(values: readonly number[], interval = MINUTE, start = START) {
  const features = new Features(1);
  features.begin(0, interval);
  const out = new Float32Array(values.length * FEATURES);
  const pauses = values.map((value, i) => features.push(0, start + i * interval, value, out, i * FEATURES));
  return { features, out, pauses, column: (k: number) => values.map((_, i) => out[i * FEATURES + k] as number) };
}
const noise = (length: number, seed = 1) => {
  const random = seeded(seed);
  return Array.from({ length }, () => gauss(random));
};

describe('features', () => {
  test('squash is asinh, and ends at 1e8', () => {
    expect(squash(Infinity)).toBe(squash(1e8));
    fc.assert(
      fc.property(fc.double({ min: -1e8, max: 1e8, noNaN: true }), (z) => {
        expect(squash(z)).toBeCloseTo(Math.asinh(z), 9);
        expect(unsquash(squash(z)) / Math.max(1, Math.abs(z))).toBeCloseTo(z / Math.max(1, Math.abs(z)), 9);
      }),
    );
  });

  test('are the same for a series in other units, once its scale is known', () => {
    const plain = run(noise(200));
    const scaled = run(noise(200).map((value) => 1e6 + 1000 * value));
    for (let i = FEATURES; i < plain.out.length; i++) expect(scaled.out[i]).toBeCloseTo(plain.out[i] as number, 2);
    expect(scaled.features.unit(0)).toBeCloseTo(1000 * plain.features.unit(0), 0);
  });

  test('large values with small changes keep their digits', () => {
    const plain = run(noise(300));
    const far = run(noise(300).map((value) => 1e12 + value));
    for (let i = 60; i < 300; i++)
      expect(far.out[i * FEATURES + 2]).toBeCloseTo(plain.out[i * FEATURES + 2] as number, 1);
  });

  test('no feature is ever more than a few units or not a number, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 80 }),
        fc.constantFrom(1000, MINUTE, 3_600_000, 86_400_000),
        (values, interval) => {
          expect(run(values, interval).out.every((value) => Number.isFinite(value) && Math.abs(value) < 60)).toBe(true);
        },
      ),
    );
  });

  test('a step up stands out in the change and in the distances to the means, and fades from the fast one first', () => {
    const { column } = run([...noise(300), ...noise(60, 2).map((value) => value + 30)]);
    expect(column(1)[300]).toBeGreaterThan(3);
    expect(column(2)[301]).toBeGreaterThan(1.5);
    expect(Math.abs(column(2)[359] as number)).toBeLessThan(column(3)[359] as number);
  });

  test('a day later the profile tells what the next hours bring, and how far off today is', () => {
    const wave = (i: number) => 100 * Math.sin((2 * Math.PI * i) / 24);
    const { column } = run(
      Array.from({ length: 96 }, (_, i) => wave(i) + (i >= 80 ? 50 : 0)),
      3_600_000,
    );
    const [known, ahead, off] = [column(8), column(4), column(16)];
    expect(known.slice(0, 20)).toEqual(new Array(20).fill(0));
    expect(known[60]).toBe(1);
    // Between 21 h and 3 h the wave rises, between 9 h and 15 h it falls.
    expect(ahead[48]).toBeGreaterThan(0.5);
    expect(ahead[60]).toBeLessThan(-0.5);
    expect(Math.abs(off[70] as number)).toBeLessThan(0.2);
    expect(off[81]).toBeGreaterThan(0.8);
  });

  test('pauses are told in intervals; a repeated time counts as one', () => {
    const features = new Features(1);
    features.begin(0, MINUTE);
    const out = new Float32Array(FEATURES);
    const at = (minute: number) => features.push(0, START + minute * MINUTE, 1, out, 0);
    expect([at(0), at(1), at(1), at(4)]).toEqual([1, 1, 1, 3]);
    expect(out[12]).toBeCloseTo(Math.log2(3));
    expect(at(1000)).toBe(996);
    expect(out[12]).toBeCloseTo(Math.log2(LONGEST_GAP));
  });

  test('a series that stands still has a unit above zero, and its first movement is its scale', () => {
    const { features, column } = run([...new Array(50).fill(20), 25]);
    expect(features.unit(0)).toBeGreaterThan(0);
    expect(column(0).slice(0, 50)).toEqual(new Array(50).fill(0));
    expect(column(0)[50]).toBeCloseTo(Math.asinh(1));
  });

  test('series do not touch each other, and keep their state while room grows and over a restart', () => {
    const [a, b] = [noise(150, 3), noise(150, 4)];
    const together = new Features(2);
    together.begin(0, MINUTE);
    together.begin(1, MINUTE);
    const out = new Float32Array(2 * FEATURES);
    let second = together;
    for (let i = 0; i < 150; i++) {
      if (i === 50) together.reserve(100);
      if (i === 100) {
        second = new Features(100);
        for (const [k, array] of together.arrays.entries()) second.arrays[k]?.set(array);
      }
      second.push(0, START + i * MINUTE, a[i] as number, out, 0);
      second.push(1, START + i * MINUTE, b[i] as number, out, FEATURES);
    }
    expect([...out.subarray(0, FEATURES)]).toEqual([...run(a).out.subarray(-FEATURES)]);
    expect([...out.subarray(FEATURES)]).toEqual([...run(b).out.subarray(-FEATURES)]);
  });
});
