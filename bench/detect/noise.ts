import { parseArgs } from 'node:util';
import { ONSET, type RowJudge } from '../../detector/backtest/judge.ts';
import { createSeriesJudge } from '../../detector/engine/series-judge.ts';
import { createLoneForecasts } from '../../detector/lstm/forecast/lone-series.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import {
  type LabelledSeries,
  labelledSeries,
  SHAPE_NAMES,
  START,
} from '../../test/detector/backtest/labelled-series.ts';
import { createRowJudge as peer } from './rolling-z.ts';

const HELP = `node bench/detect/noise.ts [options]

Alarms told a series-week on made series in which nothing is wrong, by shape and by the distance of their values, for three
numbers of expected false alarms: what was asked for should be what comes, whatever the series.

  --seeds <n>   series of each kind (3)
`;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '3' }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const WEEK_MS = 604_800_000;
/** Distances of values in milliseconds, and the days that are made of each. */
const KINDS = [
  [1000, 1],
  [10_000, 6],
  [60_000, 40],
  [300_000, 120],
  [3_600_000, 1000],
] as const;
/** Expected false alarms per series and week that are asked for. */
const WANTED = [0.1, 0.5, 5];
const { weights } = readForecastModel(SHIPPED_MODEL);

/** Onsets and weeks of a series, its first quarter apart. */
function watch(judge: RowJudge, { values, interval }: LabelledSeries): { onsets: number; weeks: number } {
  const row = new Float64Array(1);
  const from = Math.floor(values.length / 4);
  let onsets = 0;
  for (let i = 0; i < values.length; i++) {
    row[0] = values[i] as number;
    const { score } = judge.judge(START + i * interval, row);
    if (score >= ONSET && i >= from) onsets++;
  }
  return { onsets, weeks: ((values.length - from) * interval) / WEEK_MS };
}

const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const head = ['distance', 'shape', ...WANTED.map((wanted) => `asked for ${wanted}`), 'rolling z', 'weeks'];
process.stdout.write(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}\n`);
for (const [interval, days] of KINDS) {
  for (const shape of SHAPE_NAMES) {
    const series = seeds.map((seed) => labelledSeries(shape, seed, interval, days, false));
    const rate = (create: () => RowJudge) => {
      const seen = series.map((one) => watch(create(), one));
      const weeks = seen.reduce((sum, one) => sum + one.weeks, 0);
      return { weeks, rate: seen.reduce((sum, one) => sum + one.onsets, 0) / weeks };
    };
    const ours = WANTED.map((wanted) => rate(() => createSeriesJudge(wanted, createLoneForecasts(weights))));
    const theirs = rate(() => peer(1));
    const rates = [...ours, theirs].map((one) => one.rate.toFixed(2));
    process.stdout.write(`| ${[`${interval / 1000} s`, shape, ...rates, theirs.weeks.toFixed(1)].join(' | ')} |\n`);
  }
}
