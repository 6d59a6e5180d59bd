import { expect, test } from 'vitest';
import {
  addTally,
  binsOf,
  brierOf,
  chancesOf,
  countChance,
  createTally,
  leadOf,
} from '../../../detector/ahead/tally.ts';

test('chances are counted by tenths, with what happened', () => {
  const tally = createTally();
  countChance(tally, 1, 0.95, true);
  countChance(tally, 1, 0.99, false);
  countChance(tally, 1, 1, true);
  countChance(tally, 1, 0.04, false);
  countChance(tally, 0, 0.5, true);
  expect([...binsOf(tally, 'counts', 1)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
  expect(binsOf(tally, 'stated', 1)[9]).toBeCloseTo(2.94, 10);
  expect(binsOf(tally, 'happened', 1)[9]).toBe(2);
  expect(binsOf(tally, 'happened', 1)[0]).toBe(0);
  expect(binsOf(tally, 'counts', 0)[5]).toBe(1);
  expect([chancesOf(tally, 0), chancesOf(tally, 1)]).toEqual([1, 4]);
});

test('the Brier score is 0 for who knows, a quarter for who says a half, and unknown without chances', () => {
  const sure = createTally();
  const unsure = createTally();
  for (const crossed of [true, false, true]) {
    countChance(sure, 1, crossed ? 1 : 0, crossed);
    countChance(unsure, 1, 0.5, crossed);
  }
  expect(brierOf(sure, 1)).toBe(0);
  expect(brierOf(unsure, 1)).toBe(0.25);
  expect(brierOf(sure, 0)).toBeNaN();
});

test('the lead is the mean of the warnings that came true', () => {
  const tally = createTally();
  expect(leadOf(tally)).toBeNaN();
  Object.assign(tally, { announced: 3, kept: 2, lead: 1_800_000 });
  expect(leadOf(tally)).toBe(900_000);
});

test('tallies add up', () => {
  const [sum, one, other] = [createTally(), createTally(), createTally()];
  countChance(one, 0, 0.3, false);
  countChance(other, 0, 0.31, true);
  Object.assign(one, { announced: 1, kept: 1, lead: 60, crossings: 2, foreseen: 1 });
  Object.assign(other, { announced: 2, kept: 0, crossings: 1 });
  addTally(sum, one);
  addTally(sum, other);
  expect(sum).toMatchObject({ announced: 3, kept: 1, lead: 60, crossings: 3, foreseen: 1 });
  expect([binsOf(sum, 'counts', 0)[3], binsOf(sum, 'happened', 0)[3], chancesOf(sum, 1)]).toEqual([2, 1, 0]);
  expect(brierOf(sum, 0)).toBeCloseTo((0.09 + 0.69 ** 2) / 2, 12);
});
