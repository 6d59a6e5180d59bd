import { parseArgs } from 'node:util';
import type { CreateRowJudge } from '../../detector/backtest/judge.ts';
import { createRowJudge as product } from '../../detector/backtest/product.ts';
import {
  type LabelledSeries,
  labelledSeries,
  SHAPE_NAMES,
  START,
} from '../../test/detector/backtest/labelled-series.ts';
import { countAlarms } from './answers.ts';
import { createRowJudge as peer } from './rolling-z.ts';

const HELP = `node bench/detect/noise.ts [options]

Alarms a series-week on made series in which nothing is wrong, by shape and by the distance of their values: what is
promised as expected false alarms should be what comes, whatever the series.

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
const MERGE_GAP = 10;

/** Alarms and weeks of a series, its first quarter apart. */
function watch(create: CreateRowJudge, { values, interval }: LabelledSeries): { alarms: number; weeks: number } {
  const judge = create(1);
  const row = new Float64Array(1);
  const alarm = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    row[0] = values[i] as number;
    alarm[i] = judge.judge(START + i * interval, row).alarm ? 1 : 0;
  }
  const counted = alarm.subarray(Math.floor(alarm.length / 4));
  return { alarms: countAlarms(counted, MERGE_GAP), weeks: (counted.length * interval) / WEEK_MS };
}

const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
process.stdout.write(
  '| distance | shape | alarms a series-week | rolling z | weeks |\n| --- | --- | --- | --- | --- |\n',
);
for (const [interval, days] of KINDS) {
  for (const shape of SHAPE_NAMES) {
    const series = seeds.map((seed) => labelledSeries(shape, seed, interval, days, false));
    const rate = (create: CreateRowJudge) => {
      const seen = series.map((one) => watch(create, one));
      const weeks = seen.reduce((sum, one) => sum + one.weeks, 0);
      return { weeks, rate: seen.reduce((sum, one) => sum + one.alarms, 0) / weeks };
    };
    const ours = rate(product);
    const cells = [
      `${interval / 1000} s`,
      shape,
      ours.rate.toFixed(2),
      rate(peer).rate.toFixed(2),
      ours.weeks.toFixed(1),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
