import { argv, env, stdout } from 'node:process';
import { HORIZONS } from '../../detector/lstm/forecast/features.ts';
import { createForecasts, type Forecasts, type Interval } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import { type PointForecaster, pinball, RollingErrors, tunedHoltWinters, tunedSmoothing } from './baselines.ts';
import { type BenchSeries, readBench } from './series.ts';

// node bench/lstm/forecast.ts DATA_DIR [MODEL_DIR]: forecasts against tuned SES and tuned damped Holt-Winters with rolling conformal
// intervals. Every series is forecast from its first point on and scored after its first 15 %, on which the two are tuned.
// POINTS=n takes the first n rows of each (8,000), FROM=n scores from row n on, VERBOSE=1 prints each series.

const DAY = 86_400_000;
const MOST = Number(env['POINTS'] ?? 8000);
const TUNED_ON = 0.15;
const LEAST_POINTS = 20;
const METHODS = ['ses', 'holt-winters', 'weir'] as const;
type Method = (typeof METHODS)[number];

/** Sums over the scored points of one series, for each method and horizon. */
class Sums {
  readonly loss = new Float64Array(HORIZONS.length);
  readonly inside = new Float64Array(HORIZONS.length);
  readonly points = new Float64Array(HORIZONS.length);

  add(h: number, value: number, low: number, middle: number, high: number): void {
    this.loss[h] = (this.loss[h] as number) + pinball(value, low, middle, high);
    this.inside[h] = (this.inside[h] as number) + (value >= low && value <= high ? 1 : 0);
    this.points[h] = (this.points[h] as number) + 1;
  }
}

function scoreBaseline({ values }: BenchSeries, forecaster: PointForecaster, from: number): Sums {
  const sums = new Sums();
  const errors = HORIZONS.map(() => new RollingErrors());
  const expected = HORIZONS.map(() => new Float64Array(values.length).fill(NaN));
  const out = new Float64Array(HORIZONS.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    for (const [h, horizon] of HORIZONS.entries()) {
      const error = value - (expected[h]?.[i - horizon] ?? NaN);
      if (!Number.isNaN(error)) errors[h]?.add(error);
    }
    if (!Number.isNaN(value)) forecaster.learn(value);
    else forecaster.learn(NaN);
    forecaster.expect(out);
    for (const [h, horizon] of HORIZONS.entries()) {
      const middle = out[h] as number;
      (expected[h] as Float64Array)[i] = middle;
      const later = values[i + horizon] ?? NaN;
      if (i < from || Number.isNaN(value) || Number.isNaN(later)) continue;
      const at = (q: number) => middle + (errors[h] as RollingErrors).quantile(q);
      sums.add(h, later, at(0.05), at(0.5), at(0.95));
    }
  }
  return sums;
}

function scoreForecasts({ values, start, step }: BenchSeries, forecasts: Forecasts, from: number): Sums {
  const sums = new Sums();
  const out: Interval = { low: 0, middle: 0, high: 0 };
  forecasts.begin(0, step);
  for (let i = 0; i < values.length; i++) {
    if (!forecasts.add(0, start + i * step, values[i] as number)) continue;
    forecasts.run();
    if (i < from) continue;
    for (const [h, horizon] of HORIZONS.entries()) {
      const later = values[i + horizon] ?? NaN;
      if (Number.isNaN(later)) continue;
      forecasts.forecast(0, h, out);
      sums.add(h, later, out.low, out.middle, out.high);
    }
  }
  return sums;
}

interface Scored {
  readonly series: BenchSeries;
  readonly sums: Readonly<Record<Method, Sums>>;
}

const geometric = (ratios: readonly number[]) =>
  Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const loss = (sums: Sums, h: number) => (sums.loss[h] as number) / (sums.points[h] as number);
const coverage = (sums: Sums, h: number) => (sums.inside[h] as number) / (sums.points[h] as number);

function print(title: string, scored: readonly Scored[]): void {
  const rows = HORIZONS.map((horizon, h) => {
    const there = scored.filter(
      ({ sums }) =>
        (sums.ses.points[h] as number) >= LEAST_POINTS && loss(sums.ses, h) > 0 && loss(sums['holt-winters'], h) > 0,
    );
    const against = (method: Method) => geometric(there.map(({ sums }) => loss(sums.weir, h) / loss(sums[method], h)));
    const covered = there.map(({ sums }) => coverage(sums.weir, h));
    const theirs = there.map(({ sums }) => coverage(sums.ses, h));
    return [
      `${horizon}`.padStart(5),
      against('ses').toFixed(3),
      against('holt-winters').toFixed(3),
      mean(covered).toFixed(3),
      Math.min(...covered).toFixed(3),
      mean(theirs).toFixed(3),
      Math.min(...theirs).toFixed(3),
      `${there.length}`,
    ].join(' | ');
  });
  stdout.write(
    `${title}\nsteps | loss / SES | loss / Holt-Winters | coverage | worst | SES's | worst | series\n${rows.join('\n')}\n\n`,
  );
}

const [data, directory = SHIPPED_MODEL] = argv.slice(2);
if (data === undefined) throw new Error('usage: node bench/lstm/forecast.ts DATA_DIR [MODEL_DIR]');
const forecasts = createForecasts(readForecastModel(directory).weights, { batch: 4 });
const scored = (await readBench(data, MOST)).map((series): Scored => {
  const tuned = Math.floor(TUNED_ON * series.values.length);
  const from = Number(env['FROM'] ?? tuned);
  const past = series.values.subarray(0, tuned);
  const period = Math.max(1, Math.round(DAY / series.step));
  const sums = {
    ses: scoreBaseline(series, tunedSmoothing(past), from),
    'holt-winters': scoreBaseline(series, tunedHoltWinters(past, period), from),
    weir: scoreForecasts(series, forecasts, from),
  };
  if (env['VERBOSE']) {
    const figures = HORIZONS.map(
      (_, h) =>
        `${(loss(sums.weir, h) / loss(sums.ses, h)).toFixed(2)} ${(loss(sums.weir, h) / loss(sums['holt-winters'], h)).toFixed(2)} ${coverage(sums.weir, h).toFixed(2)}`,
    );
    stdout.write(`${series.name} ${series.step / 1000}s ${series.values.length}: ${figures.join(' | ')}\n`);
  }
  return { series, sums };
});
for (const set of ['nab', 'kpi', 'mscloud']) {
  for (const half of ['A', 'B'])
    print(
      `${set}, half ${half}`,
      scored.filter(({ series }) => series.set === set && series.half === half),
    );
}
print(
  'all, half A',
  scored.filter(({ series }) => series.half === 'A'),
);
print(
  'all, half B',
  scored.filter(({ series }) => series.half === 'B'),
);
print('all', scored);
