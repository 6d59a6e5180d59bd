import { describe, expect, test } from 'vitest';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { createIncident } from '../../../detector/rows/incident.ts';

const LIMIT = 4;
const HELD = 5;

function told(odds: readonly number[]): string {
  const incident = createIncident();
  return odds
    .map((one) => {
      const onset = incident.judge(one, HELD, LIMIT) >= ONSET;
      return onset ? '!' : incident.open ? '-' : '.';
    })
    .join('');
}

const calm = (rows: number) => Array<number>(rows).fill(1);

describe('one alarm for each incident', () => {
  test('opens at the limit, not below', () => {
    expect(told([1, 3.99, 4, 4, 4.5, 2])).toBe('..!---');
  });

  test('is closed after thirty calm rows on end', () => {
    expect(told([5, ...calm(29), 3, ...calm(29), 1, 1])).toBe(`!${'-'.repeat(29)}-${'-'.repeat(29)}..`);
  });

  test('says again when it gets worse by one order of odds, from the highest so far', () => {
    expect(told([5, 5.9, 6, 6.9, 7, 6, 7])).toBe('!-!-!--');
  });

  test('soon after one was closed, another takes one order more', () => {
    expect(told([5, ...calm(30), 4.5, 5.1])).toBe(`!${'-'.repeat(29)}..!`);
    expect(told([5, ...calm(30), ...calm(60), 4.5])).toBe(`!${'-'.repeat(29)}.${'.'.repeat(60)}!`);
  });
});

describe('score', () => {
  test('of an onset starts at a half and grows with the odds', () => {
    expect(createIncident().judge(LIMIT, HELD, LIMIT)).toBe(0.5);
    expect(createIncident().judge(2 * LIMIT, HELD, LIMIT)).toBe(0.75);
  });

  test('of any other row grows with what is held and never reaches an onset', () => {
    const incident = createIncident();
    const scores = [0, 0.1, 1, 10, 1e9].map((held) => incident.judge(0, held, LIMIT));
    expect(scores[0]).toBe(0);
    expect([...scores].sort((a, b) => a - b)).toEqual(scores);
    expect(new Set(scores).size).toBe(5);
    expect(scores.at(-1)).toBeLessThan(ONSET);
  });
});
