import { argv, env, stdout } from 'node:process';
import { addTally, binsOf, brierOf, chancesOf, createTally, leadOf, type Tally } from '../../detector/ahead/tally.ts';
import { detectorConfig } from '../../detector/config.ts';
import { openForesight } from '../../detector/foresight.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched, releasePlaces } from '../../detector/watched.ts';
import { readBench } from '../lstm/series.ts';
import { KINDS, type LimitedSeries, madeSeries } from './made.ts';

// node bench/ahead/main.ts DATA_DIR: warnings ahead of limits, with the code of the running detector: made series of lag with a limit
// of 900 s, and the recorded series of NAB, KPI and Microsoft (at their own steps) with the 99.5 % quantile of their second half, where
// they are scored, as the limit. SEEDS=n made series of each kind (16), CHANCE=p warns from another chance on.

const SEEDS = Number(env['SEEDS'] ?? 16);
const MOST = 8000;
const QUANTILE = 0.995;
const LEAST_POINTS = 200;
const DAY = 86_400_000;

/** The second half of a recorded series with a limit that it passes now and then. */
function limited(series: Awaited<ReturnType<typeof readBench>>[number]): LimitedSeries | undefined {
  const { set, name, half, start, step, values } = series;
  const from = Math.floor(values.length / 2);
  const sorted = values
    .slice(from)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (sorted.length < LEAST_POINTS) return undefined;
  return {
    set,
    name,
    half,
    start,
    step,
    values,
    from,
    limit: sorted[Math.floor(QUANTILE * (sorted.length - 1))] as number,
  };
}

const foresight = await openForesight('/nowhere');

/** Plays a series to the detector; counts from `from` on. */
function play({ start, step, values, limit, from }: LimitedSeries): Tally {
  const ahead = env['CHANCE'] ? { chance: Number(env['CHANCE']) } : {};
  const detectors = [{ name: 'Limit', query: { signal: 'custom' as const }, scorers: { threshold: { above: limit } } }];
  const catalogue = createCatalogue(detectorConfig.parse({ shipped: false, ahead, detectors }), foresight);
  const watched = createWatched({ signal: 'custom', pipeline: 'bench', stage: 'one' }, start, start);
  for (const [i, value] of values.entries()) {
    if (i === from) delete watched.lookouts.above?.tallies.threshold;
    judge(catalogue, watched, { time: start + i * step, value, volume: NaN }, step);
  }
  const tally = watched.lookouts.above?.tallies.threshold ?? createTally();
  releasePlaces(catalogue, watched);
  return tally;
}

interface Sums {
  readonly tally: Tally;
  series: number;
  days: number;
  /** Of the leads of single series, in intervals. */
  readonly leads: number[];
}

const directory = argv[2];
const recorded = directory === undefined ? [] : (await readBench(directory, MOST)).flatMap((one) => limited(one) ?? []);
const made = KINDS.flatMap((kind) => Array.from({ length: SEEDS }, (_, seed) => madeSeries(kind, seed)));
const sums = new Map<string, Sums>();
for (const series of [...made, ...recorded]) {
  const tally = play(series);
  const recordedSet = recorded.includes(series);
  const groups = recordedSet
    ? [`${series.set}, half ${series.half}`, `${series.set}`, 'all recorded']
    : [series.set, 'all made'];
  for (const group of groups) {
    const own = sums.get(group) ?? { tally: createTally(), series: 0, days: 0, leads: [] };
    sums.set(group, own);
    addTally(own.tally, tally);
    own.series++;
    own.days += ((series.values.length - series.from) * series.step) / DAY;
    if (tally.kept > 0) own.leads.push(leadOf(tally) / series.step);
  }
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');

stdout.write(
  table(
    [
      'set',
      'series',
      'days',
      'chances',
      'crossed',
      'Brier',
      'of the share alone',
      'warnings',
      'came true',
      'lead',
      'crossings',
      'foreseen',
      'false a series-day',
    ],
    [...sums].map(([group, { tally, series, days, leads }]) => {
      const count = chancesOf(tally, 1);
      const share = binsOf(tally, 'happened', 1).reduce((sum, one) => sum + one, 0) / count;
      const lead = leads.reduce((sum, one) => sum + one, 0) / leads.length;
      return [
        group,
        `${series}`,
        days.toFixed(0),
        `${count}`,
        share.toFixed(4),
        brierOf(tally, 1).toFixed(4),
        (share * (1 - share)).toFixed(4),
        `${tally.announced}`,
        `${tally.kept}`,
        leads.length === 0 ? '' : lead.toFixed(1),
        `${tally.crossings}`,
        `${tally.foreseen}`,
        ((tally.announced - tally.kept) / days).toFixed(3),
      ];
    }),
  ),
);
for (const w of [0, 1]) {
  stdout.write(`\nwithin ${w === 0 ? 15 : 30} intervals\n\n`);
  const groups = ['all made', 'all recorded'].filter((group) => sums.has(group));
  stdout.write(
    table(
      ['stated', ...groups.flatMap((group) => [`${group}: chances`, 'mean stated', 'happened'])],
      Array.from({ length: 10 }, (_, bin) => [
        `${bin / 10} to ${(bin + 1) / 10}`,
        ...groups.flatMap((group) => {
          const { tally } = sums.get(group) as Sums;
          const count = binsOf(tally, 'counts', w)[bin] as number;
          const mean = (of: 'stated' | 'happened') =>
            count === 0 ? '' : ((binsOf(tally, of, w)[bin] as number) / count).toFixed(3);
          return [`${count}`, mean('stated'), mean('happened')];
        }),
      ]),
    ),
  );
}
