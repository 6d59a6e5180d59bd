import { describe, expect, test } from 'vitest';
import { judgeConservation, type Settled, SIGMAS } from '../../pipelines/conservation-judge.ts';
import { LENGTHS, type Noise } from '../../pipelines/conservation-noise.ts';

const flat = (ratio: number, rest: Partial<Noise> = {}): Noise => ({
  ...{ phi: 0, tau: 0, forecasts: [LENGTHS.map(() => ({ ratio, rho: 0.00005 }))] },
  ...rest,
});

function settled(reached: readonly number[], sent = 1000): Settled {
  return {
    sent: new Float64Array(reached.length).fill(sent),
    reached: Float64Array.from(reached),
    complete: new Float64Array(reached.length).fill(1),
    minutes: { sent: new Float64Array(0), reached: new Float64Array(0) },
    passed: 0,
  };
}
const series = (before: number, usual: number, after: number, then: number) => [
  ...new Array<number>(before).fill(usual),
  ...new Array<number>(after).fill(then),
];

describe('missing records', () => {
  test('are a drop when they keep missing, and not when one or two windows are short', () => {
    const verdict = (short: number) => judgeConservation(settled(series(360, 1000, short, 400)), flat(1))?.verdict;
    expect([1, 2, 3].map(verdict)).toEqual(['conserved', 'conserved', 'dropping']);
    // The same where counts are so large that their trust is all that varies.
    const large = (short: number) => judgeConservation(settled(series(360, 1e6, short, 9e5), 1e6), flat(1))?.verdict;
    expect([1, 2, 3].map(large)).toEqual(['conserved', 'conserved', 'dropping']);
  });

  test('show in the shortest stretch where they are many and in a longer one where they are few', () => {
    const found = (short: number, then: number) => judgeConservation(settled(series(360, 1000, short, then)), flat(1));
    expect(found(6, 900)?.evidence.length).toBe(6);
    expect(found(6, 900)?.evidence.missing).toBeCloseTo(0.1, 10);
    // One in a thousand of ten thousand records.
    expect(judgeConservation(settled(series(300, 1000, 60, 999)), flat(1))?.verdict).toBe('dropping');
    expect(judgeConservation(settled(series(350, 1000, 10, 999)), flat(1))?.verdict).toBe('conserved');
  });

  test('are over when the newest windows are whole again, whatever the hour says', () => {
    const ended = settled([...series(300, 1000, 40, 900), ...series(20, 1000, 0, 0)]);
    const judged = judgeConservation(ended, flat(1), 'dropping');
    expect(judged?.verdict).toBe('conserved');
    expect(judgeConservation(ended, flat(1))?.verdict).toBe('conserved');
  });

  test('are weighed against what varies by itself', () => {
    const few = settled(series(300, 300, 60, 295));
    expect(judgeConservation(few, flat(0.3))?.verdict).toBe('dropping');
    expect(judgeConservation(few, flat(0.3, { phi: 0.21 }))?.verdict).toBe('conserved');
    expect(
      judgeConservation(few, flat(0.3, { forecasts: [LENGTHS.map(() => ({ ratio: 0.3, rho: 0.05 }))] }))?.verdict,
    ).toBe('conserved');
  });

  test('that are still on their way do not count', () => {
    const young = { ...settled(series(357, 1000, 3, 980)), complete: Float64Array.from(series(357, 1, 3, 0.98)) };
    expect(judgeConservation(young, flat(1))?.verdict).toBe('conserved');
  });

  test('of long stretches are counted by minute', () => {
    const minutes = { sent: new Float64Array(180).fill(6000), reached: new Float64Array(180).fill(5994) };
    const windows = { ...settled(series(0, 0, 2, 1000)), minutes };
    expect(judgeConservation(windows, flat(1))).toMatchObject({ verdict: 'dropping', evidence: { length: 1080 } });
  });
});

describe('what is told besides', () => {
  test('more than usual is a surplus', () => {
    expect(judgeConservation(settled(series(300, 1000, 60, 1100)), flat(1))).toMatchObject({ verdict: 'surplus' });
  });

  test('nothing is judged without records or without forecasts', () => {
    expect(judgeConservation(settled(series(10, 0, 0, 0), 0), flat(1))).toBeUndefined();
    expect(judgeConservation(settled(series(10, 1000, 0, 0)), flat(1, { forecasts: [[]] }))).toBeUndefined();
    expect(judgeConservation(settled([1000, 1000]), flat(1))).toBeUndefined();
  });

  test('the smallest drop that shows, and how long drops take to', () => {
    const judged = judgeConservation(settled(series(360, 1000, 0, 0)), flat(1));
    expect(judged?.detectable).toBeLessThan(0.001);
    const [one, tenth, hundredth] = [0.01, 0.001, 0.00001].map((share) => judged?.windowsFor(share) as number);
    expect(one).toBeGreaterThan(1);
    expect(one).toBeLessThan(7);
    expect(tenth).toBeGreaterThan(10);
    expect(tenth).toBeLessThan(60);
    expect(hundredth).toBeNaN();
    // What is foretold is what happens.
    const needed = Math.ceil(tenth as number);
    const state = (short: number) =>
      judgeConservation(settled(series(360 - short, 1000, short, 999)), flat(1))?.verdict;
    expect(state(Math.ceil(1.3 * needed))).toBe('dropping');
    expect(state(Math.floor(0.6 * needed))).toBe('conserved');
  });

  test('its level of proof is a wrong alarm in five hundred weeks, if counts are normal', () => {
    // One side of a normal at 5.5: 1.9e-8; tests of their own a week: 60 480 * 3 / length over the lengths.
    const tests = LENGTHS.reduce((sum, length) => sum + (60_480 * 3) / length, 0);
    expect(SIGMAS).toBe(5.5);
    expect(tests * 1.9e-8).toBeLessThan(0.0025);
  });
});
