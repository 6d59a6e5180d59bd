import { describe, expect, test } from 'vitest';
import type { Signal } from '../../../core/signal.ts';
import { createSeasonalScorer } from '../../../detector/scorers/seasonal.ts';
import { daily, EPOCH, gauss, poisson, STEP, seeded } from '../world.ts';

const DAY = 8640;

function train(signal: Signal, count: number, value: (time: number, random: () => number) => number) {
  const scorer = createSeasonalScorer(signal, STEP / 1000);
  const state = scorer.create();
  const random = seeded(3);
  for (let i = 0; i < count; i++) {
    const time = EPOCH + i * STEP;
    scorer.learn(state, { time, value: value(time, random), volume: NaN }, 1);
  }
  const score = (ahead: number, at: number, volume = NaN) =>
    scorer.score(state, { time: EPOCH + (count + ahead) * STEP, value: at, volume });
  return { scorer, state, score, next: EPOCH + count * STEP };
}

describe('seasonal', () => {
  test('has a band after twelve points, none before', () => {
    const values = (_: number, random: () => number) => 100 + gauss(random);
    expect(train('custom', 11, values).score(0, 100).ready).toBe(false);
    const { ready, expected, lower, upper } = train('custom', 12, values).score(0, 100);
    expect(ready).toBe(true);
    expect(expected).toBeCloseTo(100, -0.5);
    expect(upper - lower).toBeLessThan(20);
  });

  test('the score is the residual over the spread, from the stored inputs', () => {
    const { score } = train('custom', 500, (_, random) => 100 + 5 * gauss(random));
    const { score: value, inputs, expected } = score(0, 140);
    expect(value).toBe(((inputs['value'] as number) - (inputs['expected'] as number)) / (inputs['spread'] as number));
    expect(inputs['spread']).toBeGreaterThan(3.5);
    expect(inputs['spread']).toBeLessThan(7);
    expect(expected).toBeCloseTo(100, -1);
  });

  test('after a day it expects the rush hour before it comes', () => {
    const rush = (time: number) => (Math.floor(time / 3_600_000) % 24 === 12 ? 300 : 100);
    const noisy = (time: number, random: () => number) => rush(time) + 5 * gauss(random);
    const beforeRush = 2 * DAY + 4 * 360 + 120;
    const { score } = train('custom', beforeRush - 250, noisy);
    expect(score(0, 100).expected).toBeCloseTo(100, -1.5);
    expect(score(370, 300).expected).toBeGreaterThan(220);
  });

  test('a daily shape is followed without a delay', () => {
    const shape = (time: number, random: () => number) => 200 + 100 * daily(time) + 3 * gauss(random);
    const { score, next } = train('custom', 3 * DAY, shape);
    const middle = 200 + 100 * daily(next);
    expect(Math.abs(score(0, middle).expected - middle)).toBeLessThan(6);
  });

  test('spikes leave no trace in what is expected', () => {
    const { score } = train('custom', 2000, (time, random) => ((time / STEP) % 50 === 0 ? 5000 : 100 + gauss(random)));
    expect(score(0, 100).expected).toBeGreaterThan(98);
    expect(score(0, 100).expected).toBeLessThan(104);
  });

  test('an anomaly that is not trusted is hardly learned', () => {
    const one = train('custom', 1000, (_, random) => 100 + gauss(random));
    const other = train('custom', 1000, (_, random) => 100 + gauss(random));
    for (let i = 0; i < 60; i++) {
      one.scorer.learn(one.state, { time: one.next + i * STEP, value: 200, volume: NaN }, 1);
      other.scorer.learn(other.state, { time: other.next + i * STEP, value: 200, volume: NaN }, 0.05);
    }
    expect(other.score(60, 200).score).toBeGreaterThan(20);
    expect(other.score(60, 200).score).toBeGreaterThan(1.5 * one.score(60, 200).score);
  });

  test('counting noise is no news: a rate is as noisy as its events are few', () => {
    const { score } = train('throughput', 2000, (_, random) => poisson(random, 20) / 10);
    expect(Math.abs(score(0, 3).score)).toBeLessThan(3);
    expect(score(0, 10).score).toBeGreaterThan(10);
  });

  test('one failure of few calls weighs less than the same share of many', () => {
    const { score } = train('error_ratio', 500, () => 0);
    expect(score(0, 0.1, 10).score).toBeLessThan(4);
    expect(score(0, 0.1, 1000).score).toBeGreaterThan(12);
  });

  test('bands stay where the signal can be', () => {
    const { score } = train('error_ratio', 500, (_, random) => 0.02 * random());
    expect(score(0, 0).lower).toBe(0);
    const { score: high } = train('error_ratio', 500, () => 0.99);
    expect(high(0, 1).upper).toBeLessThanOrEqual(1);
  });
});
