import { expect, test } from 'vitest';
import { createEngine } from '../../../detector/engine/engine.ts';
import { gauss, seeded } from '../world.ts';

const MINUTE = 60_000;

function values(count: number): number[] {
  const random = seeded(12);
  return Array.from({ length: count }, () => 100 + 5 * gauss(random));
}

test('scoring and learning in two steps is judging in one', () => {
  const [one, two] = [createEngine(1), createEngine(1)];
  for (const [i, value] of values(600).entries()) {
    const judged = { ...one.judge(0, i * MINUTE, value, value - 100) };
    expect({ ...two.score(0, i * MINUTE, value, value - 100) }).toEqual(judged);
    two.learn();
  }
  expect(two.state).toEqual(one.state);
});

test('a gap teaches nothing, whatever it is trusted', () => {
  const engine = createEngine(1);
  for (const [i, value] of values(100).entries()) engine.judge(0, i * MINUTE, value);
  engine.score(0, 100 * MINUTE, Number.NaN);
  const before = engine.state.map((array) => array.slice());
  engine.learn(0.3, 1);
  expect(engine.state.map((array) => array.slice())).toEqual(before);
});

test('what is held moves at a pace of its own: the incident does not become what is expected', () => {
  const expectedAfter = (trust: number, hold: boolean) => {
    const engine = createEngine(1);
    for (const [i, value] of values(1000).entries()) engine.judge(0, i * 10_000, value);
    for (let i = 1000; i < 1300; i++) {
      engine.score(0, i * 10_000, 500);
      engine.learn(trust, 0, hold);
    }
    return engine.score(0, 1300 * 10_000, 500).expected;
  };
  expect(expectedAfter(1, false)).toBeGreaterThan(400);
  expect(expectedAfter(0.05, true)).toBeLessThan(150);
});

test('edges hold nearly all that is ordinary, and widen with what is not', () => {
  const engine = createEngine(1);
  const band = { lower: 0, upper: 0 };
  let outside = 0;
  for (const [i, value] of values(2000).entries()) {
    engine.score(0, i * MINUTE, value);
    engine.edges(band);
    if (i >= 100 && (value < band.lower || value > band.upper)) outside++;
    engine.learn();
  }
  expect(outside / 1900).toBeLessThan(0.06);
  expect(band.upper - band.lower).toBeLessThan(60);
});

test('low values that are seen again and again are ordinary, though no tail would have it', () => {
  const engine = createEngine(1);
  for (const [i, value] of values(3000).entries()) engine.judge(0, i * 10_000, i % 20 === 0 ? 0 : value);
  engine.score(0, 3000 * 10_000, 0);
  expect(engine.chanceBelow()).toBeGreaterThan(0.01);
  const other = createEngine(1);
  for (const [i, value] of values(3000).entries()) other.judge(0, i * 10_000, value);
  other.score(0, 3000 * 10_000, 0);
  expect(other.chanceBelow()).toBeLessThan(0.001);
  other.learn();
  other.score(0, 3001 * 10_000, 120);
  expect(other.chanceBelow()).toBe(1);
});
