import { expect, test } from 'vitest';
import { scoreOfLimits, type ThresholdLimits } from '../../detector/threshold.ts';

const at = (limits: ThresholdLimits, value: number) => scoreOfLimits(limits, { time: 0, value, volume: NaN });

test.each([
  [{ above: 300 }, 450, 0.5],
  [{ above: 300 }, 300, 0],
  [{ below: 10 }, 5, -0.5],
  [{ below: 10, above: 20 }, 15, 0],
  [{ above: 1 }, 2, 1],
  [{ above: -10 }, -5, 0.5],
])('%o at %d scores %d', (limits, value, score) => {
  expect(at(limits, value)).toMatchObject({ ready: true, score });
});

test('without a limit, or without a value, it says nothing', () => {
  expect(at({}, 5).ready).toBe(false);
  expect(at({ above: 3 }, NaN)).toMatchObject({ ready: false, score: 0 });
});

test('the limits are its band, and its inputs give the score again', () => {
  const { lower, upper, inputs, score } = at({ above: 300, below: 2 }, 450);
  expect([lower, upper]).toEqual([2, 300]);
  expect(((inputs['value'] as number) - (inputs['limit'] as number)) / (inputs['limit'] as number)).toBe(score);
});
