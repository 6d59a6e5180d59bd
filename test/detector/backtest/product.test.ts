import { describe, expect, test } from 'vitest';
import { createRowJudge } from '../../../detector/backtest/product.ts';
import { openForesight } from '../../../detector/foresight.ts';
import { seededRandom } from '../../../detector/random.ts';
import { createSlots } from '../../../detector/slots.ts';
import { START } from './labelled-series.ts';

/** Rows of noise a minute apart, with column 1 far out for ten rows from `at` on. */
function watch(columns: number, count: number, at: number) {
  const judge = createRowJudge(columns);
  const random = seededRandom(columns);
  const row = new Float64Array(columns);
  let strangest = -1;
  const alarms: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < columns; c++) row[c] = 100 + 10 * random();
    const fault = Math.min(1, columns - 1);
    if (i >= at && i < at + 10) row[fault] = 300;
    const { alarm, contributions } = judge.judge(START + i * 60_000, row);
    if (alarm) alarms.push(i);
    if (i === at) strangest = contributions.indexOf(Math.max(...contributions));
    expect(contributions).toHaveLength(columns);
  }
  return { alarms, strangest };
}

describe('the judge of the product', () => {
  test.each([1, 2, 12])('of %i columns: quiet on noise, loud at a fault, with the column named', (columns) => {
    const { alarms, strangest } = watch(columns, 3000, 2800);
    expect(alarms.filter((i) => i < 2800 && i > 1000).length).toBeLessThan(60);
    expect(alarms.filter((i) => i >= 2800 && i < 2810).length).toBeGreaterThan(0);
    expect(strangest).toBe(Math.min(1, columns - 1));
  });

  test('an alarm that noise opens ends soon, however many columns there are', () => {
    for (const columns of [2, 5, 38]) {
      const { alarms } = watch(columns, 12_000, Number.POSITIVE_INFINITY);
      expect([columns, alarms.length < 400]).toEqual([columns, true]);
    }
  });

  test('a judge shares nothing with another', () => {
    const first = watch(2, 1500, 1400);
    watch(2, 200, 10);
    expect(watch(2, 1500, 1400)).toEqual(first);
  });

  test('scores a lone column as the running detector scores a series, misses of forecasts included', async () => {
    const judge = createRowJudge(1);
    const slots = createSlots();
    const foresight = await openForesight('/nowhere');
    const slot = slots.take();
    const random = seededRandom(8);
    const row = new Float64Array(1);
    let place: number | undefined;
    let named: string[] = [];
    for (let i = 0; i < 1500; i++) {
      const time = START + i * 60_000;
      const value = 100 + 30 * Math.sin(i / 40) + 10 * random() + (i % 400 === 399 ? 50 : 0);
      row[0] = value;
      const { contributions } = judge.judge(time, row);
      // Of a file the interval must be seen first; the running detector knows its step.
      if (i === 11) place = foresight.take(60_000);
      const off = place === undefined ? undefined : foresight.residuals(place, time, value);
      const { score } = slots.score(slot, time, value, {
        direction: 'both',
        noise: 0,
        forecast: off?.one ?? NaN,
        farForecast: off?.five ?? NaN,
      });
      named = slots.inputs().streams.map(({ stream }) => stream);
      slots.learn(1, 4, false);
      if (place !== undefined) foresight.add(place, time, value);
      expect(contributions[0]).toBe(Math.max(0, score));
    }
    expect(named).toEqual(expect.arrayContaining(['forecast', 'drift']));
  });
});
