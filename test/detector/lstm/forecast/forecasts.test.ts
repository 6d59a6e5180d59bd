import { afterEach, describe, expect, test } from 'vitest';
import { HORIZONS } from '../../../../detector/lstm/forecast/features.ts';
import {
  createForecasts,
  type Forecasts,
  type Interval,
  openForecasts,
  type Residuals,
  seriesBytes,
} from '../../../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../../../detector/lstm/forecast/model-json.ts';
import { gauss, seeded } from '../../world.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 1);
const { weights } = readForecastModel(SHIPPED_MODEL);
const band = (): Interval => ({ low: 0, middle: 0, high: 0 });
const none = (): Residuals => ({ one: 0, five: 0 });

const opened: AsyncDisposable[] = [];
async function open(options: { batch?: number; threads?: number } = {}): Promise<Forecasts> {
  const { threads } = options;
  if (threads === undefined) return createForecasts(weights, { batch: 8, ...options });
  const forecasts = await openForecasts(weights, { ...options, threads });
  opened.push(forecasts);
  return forecasts;
}
afterEach(async () => {
  for (const forecasts of opened.splice(0)) await forecasts[Symbol.asyncDispose]();
});

/** Feeds `values` to series 0 and returns every band of one horizon; NaN where the value was not taken. */
async function bands(values: readonly number[], horizon: number, interval = MINUTE) {
  const forecasts = await open();
  forecasts.begin(0, interval);
  return values.map((value, i) => {
    if (!forecasts.add(0, START + i * interval, value)) return undefined;
    forecasts.run();
    return forecasts.forecast(0, horizon, band());
  });
}

function covered(values: readonly number[], found: readonly (Interval | undefined)[], horizon: number, from: number) {
  let hits = 0;
  let all = 0;
  for (const [i, interval] of found.entries()) {
    const later = values[i + (HORIZONS[horizon] as number)];
    if (i < from || interval === undefined || later === undefined) continue;
    all++;
    if (later >= interval.low && later <= interval.high) hits++;
  }
  return hits / all;
}

describe('forecasts with the shipped weights', () => {
  test('a series has a band from its second point on', async () => {
    const [first, second] = await bands([5, 6, 5], 3);
    expect(first?.middle).toBeNaN();
    expect(second?.low).toBeLessThanOrEqual(second?.middle as number);
    expect(second?.high).toBeGreaterThan(second?.low as number);
  });

  test.each([0, 1, 2, 3])(
    'noise lies in its 90 %% band nine times in ten, from its first hundred points on (horizon %d)',
    async (horizon) => {
      const random = seeded(1);
      const values = Array.from({ length: 3000 }, () => 200 + 7 * gauss(random));
      const found = await bands(values, horizon);
      expect(covered(values.slice(0, 150), found.slice(0, 150), horizon, 20)).toBeGreaterThan(0.75);
      expect(covered(values, found, horizon, 300)).toBeGreaterThan(0.87);
      expect(covered(values, found, horizon, 300)).toBeLessThan(0.93);
      const last = found.at(-1) as Interval;
      expect(last.high - last.low).toBeGreaterThan(2.2 * 7);
      expect(last.high - last.low).toBeLessThan(5 * 7);
    },
  );

  test('a daily wave is foreseen half an hour ahead better than by its last value, once a day was seen', async () => {
    const random = seeded(2);
    const interval = 5 * MINUTE;
    const values = Array.from(
      { length: 4 * 288 },
      (_, i) => 1000 + 400 * Math.sin((2 * Math.PI * i) / 288) + 5 * gauss(random),
    );
    const found = await bands(values, 3, interval);
    let ours = 0;
    let last = 0;
    for (let i = 2 * 288; i + 30 < values.length; i++) {
      ours += Math.abs((values[i + 30] as number) - (found[i]?.middle as number));
      last += Math.abs((values[i + 30] as number) - (values[i] as number));
    }
    expect(ours).toBeLessThan(0.4 * last);
  });

  test('a queue that grows evenly is foreseen to be longer in half an hour', async () => {
    const random = seeded(3);
    const values = Array.from({ length: 400 }, (_, i) =>
      i < 300 ? 50 + 4 * gauss(random) : 50 + 10 * (i - 300) + 4 * gauss(random),
    );
    const last = (await bands(values, 3)).at(-1) as Interval;
    expect(last.middle).toBeGreaterThan((values.at(-1) as number) + 60);
  });

  test('the chance to be above a limit is that with which it comes to be, and agrees with the band', async () => {
    const random = seeded(8);
    const forecasts = await open();
    forecasts.begin(0, MINUTE);
    expect(forecasts.chanceAbove(0, 0, 1)).toBeNaN();
    const limits = [-1, 0, 1];
    const told = limits.map(() => 0);
    for (let i = 0; i < 1500; i++) {
      forecasts.add(0, START + i * MINUTE, gauss(random));
      forecasts.run();
      if (i < 500) continue;
      for (const [k, limit] of limits.entries()) {
        told[k] = (told[k] as number) + forecasts.chanceAbove(0, 2, limit) / 1000;
      }
    }
    for (const [k, share] of [0.841, 0.5, 0.159].entries())
      expect(Math.abs((told[k] as number) - share)).toBeLessThan(0.05);
    const { low, middle, high } = forecasts.forecast(0, 3, band());
    expect(forecasts.chanceAbove(0, 3, low)).toBeCloseTo(0.95, 2);
    expect(forecasts.chanceAbove(0, 3, middle)).toBeCloseTo(0.5, 2);
    expect(forecasts.chanceAbove(0, 3, high)).toBeCloseTo(0.05, 2);
    expect(forecasts.chanceAbove(0, 3, 1e9)).toBeLessThan(1e-6);
    expect(forecasts.chanceAbove(0, 3, -1e9)).toBeGreaterThan(1 - 1e-6);
  });

  test('bands are in the units of the series', async () => {
    const random = seeded(4);
    const values = Array.from({ length: 300 }, () => gauss(random));
    const plain = (await bands(values, 1)).at(-1) as Interval;
    const scaled = (
      await bands(
        values.map((value) => 5e6 + 2000 * value),
        1,
      )
    ).at(-1) as Interval;
    for (const key of ['low', 'middle', 'high'] as const) expect((scaled[key] - 5e6) / 2000).toBeCloseTo(plain[key], 1);
  });

  test('a point that is no number or not later is refused and changes nothing', async () => {
    const forecasts = await open();
    forecasts.begin(0, MINUTE);
    for (let i = 0; i < 50; i++) {
      forecasts.add(0, START + i * MINUTE, i % 5);
      forecasts.run();
    }
    const before = structuredClone(forecasts.live(1));
    for (const [time, value] of [
      [START + 50 * MINUTE, NaN],
      [START + 50 * MINUTE, Infinity],
      [START + 49 * MINUTE, 1],
      [START, 1],
      [NaN, 1],
    ] as const) {
      expect(forecasts.add(0, time, value)).toBe(false);
    }
    expect(structuredClone(forecasts.live(1))).toEqual(before);
  });

  test('after a long pause the state is forgotten, and forecasts meant for the pause judge nothing', async () => {
    const forecasts = await open();
    forecasts.begin(0, MINUTE);
    for (let i = 0; i < 100; i++) {
      forecasts.add(0, START + i * MINUTE, Math.sin(i));
      forecasts.run();
    }
    expect(forecasts.residuals(0, START + 100 * MINUTE, 5, none()).one).toBeGreaterThan(3);
    expect(forecasts.residuals(0, START + 500 * MINUTE, 5, none())).toEqual({
      one: NaN,
      five: NaN,
    });
    const { corrections } = structuredClone(forecasts.live(1));
    forecasts.add(0, START + 500 * MINUTE, 1000);
    expect(structuredClone(forecasts.live(1)).corrections.slice(-12)).toEqual(corrections.slice(-12));
    forecasts.run();
    expect(forecasts.forecast(0, 0, band()).middle).toBeGreaterThan(500);
  });

  test('residuals are the value less what was forecast for its time one and five steps before', async () => {
    const forecasts = await open();
    forecasts.begin(0, MINUTE);
    const random = seeded(5);
    const values: number[] = [];
    const ones: Interval[] = [];
    const fives: Interval[] = [];
    for (let i = 0; i < 60; i++) {
      const value = 10 + gauss(random);
      const { one, five } = forecasts.residuals(0, START + i * MINUTE, value, none());
      if (i >= 2) expect(one).toBeCloseTo(value - (ones.at(-1)?.middle as number), 4);
      else expect(i === 0 ? one : NaN).toBeNaN();
      // Its correction may have moved since, by little.
      if (i >= 6) expect(Math.abs(five - (value - (fives[i - 5]?.middle as number)))).toBeLessThan(0.3);
      forecasts.add(0, START + i * MINUTE, value);
      const miss = forecasts.miss();
      if (i < 6) expect(i < 5 ? miss : undefined).toBeUndefined();
      else {
        // Both count from one forecast, in one unit.
        const unit = (value - (values.at(-5) as number)) / (miss?.naive as number);
        expect((miss?.error as number) * unit).toBeCloseTo(five, 4);
      }
      values.push(value);
      forecasts.run();
      ones.push(forecasts.forecast(0, 0, band()));
      fives.push(forecasts.forecast(0, 1, band()));
    }
  });

  test('many series in any order, in batches or alone, on one thread or two, answer the same', async () => {
    const random = seeded(6);
    const values = Array.from({ length: 60 }, () => Array.from({ length: 21 }, () => gauss(random)));
    const answer = async (options: { batch: number; threads?: number }, every: boolean) => {
      const forecasts = await open(options);
      for (let series = 20; series >= 0; series--) forecasts.begin(series, MINUTE);
      for (const [i, row] of values.entries()) {
        for (let k = 0; k < 21; k++) {
          const series = (k * 8 + i) % 21;
          forecasts.add(series, START + i * MINUTE, row[series] as number);
          if (every) forecasts.run();
        }
        forecasts.run();
      }
      return Array.from({ length: 21 }, (_, series) => forecasts.forecast(series, 2, band()));
    };
    const alone = await answer({ batch: 1 }, true);
    expect(await answer({ batch: 8 }, false)).toEqual(alone);
    expect(await answer({ batch: 64, threads: 2 }, false)).toEqual(alone);
  });

  test('a snapshot continues exactly', async () => {
    const random = seeded(7);
    const values = Array.from({ length: 300 }, () => gauss(random));
    const feed = (forecasts: Forecasts, from: number, to: number) => {
      for (let i = from; i < to; i++) {
        for (const series of [0, 1]) forecasts.add(series, START + i * MINUTE, (values[i] as number) * (series + 1));
        forecasts.run();
      }
    };
    const first = await open();
    first.begin(0, MINUTE);
    first.begin(1, MINUTE);
    feed(first, 0, 150);
    const second = await open();
    const room = second.room(2);
    for (const [name, array] of Object.entries(first.live(2))) room[name as keyof typeof room].set(array);
    feed(first, 150, 300);
    feed(second, 150, 300);
    expect(second.live(2)).toEqual(first.live(2));
  });

  test('a series that begins again knows nothing of what it was', async () => {
    const forecasts = await open();
    const feed = () => {
      forecasts.begin(3, MINUTE);
      for (let i = 0; i < 30; i++) {
        forecasts.add(3, START + i * MINUTE, i % 7);
        forecasts.run();
      }
      return forecasts.forecast(3, 1, band());
    };
    expect(feed()).toEqual(feed());
  });

  test('one series takes less than 1.5 kB', () => {
    expect(seriesBytes(32)).toBeLessThan(1500);
  });
});
