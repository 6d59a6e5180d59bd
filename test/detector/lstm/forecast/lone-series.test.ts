import { describe, expect, test } from 'vitest';
import { createForecasts, type Residuals } from '../../../../detector/lstm/forecast/forecasts.ts';
import { createLoneForecasts } from '../../../../detector/lstm/forecast/lone-series.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../../../detector/lstm/forecast/model-json.ts';
import { daily, EPOCH, gauss, seeded } from '../../world.ts';

const { weights } = readForecastModel(SHIPPED_MODEL);
const MINUTE = 60_000;

interface Point {
  readonly time: number;
  readonly value: number;
  /** The interval that is believed when the point is added. */
  readonly interval: number;
}

function points(count: number, interval = MINUTE, from = EPOCH, seed = 3): Point[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const time = from + i * interval;
    return { time, value: 50 + 5 * daily(time) + gauss(random), interval };
  });
}

/** By how much each point was missed one step and five steps before. */
function play(series: readonly Point[]): [number, number][] {
  const forecasts = createLoneForecasts(weights);
  return series.map(({ time, value, interval }) => {
    const { one, five } = forecasts.residuals(time, value);
    forecasts.add(time, value, interval);
    return [one, five];
  });
}

/** The same of forecasts that were told the interval, and are shown these points alone. */
function told(series: readonly Point[], interval: number): [number, number][] {
  const forecasts = createForecasts(weights);
  const out: Residuals = { one: NaN, five: NaN };
  forecasts.begin(0, interval);
  return series.map(({ time, value }) => {
    const { one, five } = forecasts.residuals(0, time, value, out);
    forecasts.add(0, time, value);
    forecasts.run();
    return [one, five];
  });
}

describe('forecasts of a lone series', () => {
  test('say nothing of the first points, then what forecasts say that were told the interval', () => {
    const series = points(200);
    const misses = play(series);
    for (const miss of misses.slice(0, 12)) expect(miss).toEqual([NaN, NaN]);
    expect(misses.slice(11)).toEqual(told(series.slice(11), MINUTE));
    expect(misses.slice(20).every(([one, five]) => Number.isFinite(one) && Number.isFinite(five))).toBe(true);
  });

  test('keep on when the interval that is believed errs for a while', () => {
    const series = points(300);
    const erring = series.map((point, i) => (i >= 100 && i < 150 ? { ...point, interval: 5 * MINUTE } : point));
    expect(play(erring)).toEqual(play(series));
    const near = series.map((point, i) => ({ ...point, interval: MINUTE * (i % 2 === 0 ? 1.05 : 0.95) }));
    near[11] = series[11] as Point;
    expect(play(near)).toEqual(play(series));
  });

  test('begin again when points have come at another interval for long', () => {
    const first = points(100);
    const second = points(300, 5 * MINUTE, EPOCH + 100 * MINUTE, 4);
    const misses = play([...first, ...second]);
    // The point that says so is still held against the forecasts that were.
    expect(misses.slice(160)).toEqual(told(second.slice(59), 5 * MINUTE).slice(1));
  });

  test('a jump is missed by its size, and a value that is none changes nothing', () => {
    const series = points(300);
    const jump = series.map((point, i) => (i === 299 ? { ...point, value: 150 } : point));
    const [one, five] = play(jump).at(-1) as [number, number];
    expect(one).toBeGreaterThan(80);
    expect(five).toBeGreaterThan(80);
    const gap: Point = { time: EPOCH + 149.5 * MINUTE, value: NaN, interval: MINUTE };
    const gapped = play([...series.slice(0, 150), gap, ...series.slice(150)]);
    expect(gapped[150]).toEqual([NaN, NaN]);
    expect(gapped.toSpliced(150, 1)).toEqual(play(series));
  });

  test('of two series know nothing of each other', () => {
    const [left, right] = [points(100), points(100, MINUTE, EPOCH, 9)];
    const apart = [play(left), play(right)];
    const both = [createLoneForecasts(weights), createLoneForecasts(weights)];
    const together = both.map((): [number, number][] => []);
    for (let i = 0; i < 100; i++) {
      for (const [k, forecasts] of both.entries()) {
        const { time, value, interval } = (k === 0 ? left : right)[i] as Point;
        const { one, five } = forecasts.residuals(time, value);
        forecasts.add(time, value, interval);
        together[k]?.push([one, five]);
      }
    }
    expect(together).toEqual(apart);
  });
});
