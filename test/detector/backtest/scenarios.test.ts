import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { judgePast } from '../../../detector/backtest/past.ts';
import { createRowJudge } from '../../../detector/backtest/product.ts';
import { judgeFiles } from '../../../detector/backtest/series-file.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { seededRandom } from '../../../detector/random.ts';
import { createWorld, EPOCH, gauss, poisson, type World } from '../world.ts';
import { START } from './labelled-series.ts';

const MINUTE = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;

/** Rows a minute apart from a Monday on: where alarms open, and how many rows are in alarm. */
function watch(count: number, value: (minute: number) => number) {
  const judge = createRowJudge(1);
  const row = new Float64Array(1);
  const onsets: number[] = [];
  const alarms: number[] = [];
  for (let i = 0; i < count; i++) {
    row[0] = value(i);
    const { score, alarm } = judge.judge(START + i * MINUTE, row);
    if (score >= ONSET) onsets.push(i);
    if (alarm) alarms.push(i);
  }
  return { onsets, alarms, between: (from: number, to: number) => onsets.filter((at) => at >= from && at < to) };
}

function noise(seed: number): (level: number) => number {
  const random = seededRandom(seed);
  return (level) => level * (0.95 + 0.1 * random());
}

/** A count with a mean, as arrivals that know nothing of each other (Knuth's product of uniform numbers). */
function counts(seed: number): (mean: number) => number {
  const random = seededRandom(seed);
  return (mean) => {
    const limit = Math.exp(-mean);
    let count = -1;
    for (let product = 1; product > limit; count++) product *= random();
    return count;
  };
}

/** Each is a class of complaints about anomaly detection in other products. */
describe('what others were told off for', () => {
  test('both directions: a fall is found as a rise is', () => {
    const around = noise(1);
    const at = 6 * DAY + 700;
    const fall = watch(7 * DAY, (i) => around(i >= at && i < at + 20 ? 200 : 1000));
    const more = noise(1);
    const rise = watch(7 * DAY, (i) => more(i >= at && i < at + 20 ? 2000 : 1000));
    expect(fall.between(at, at + 10)).toHaveLength(1);
    expect(rise.between(at, at + 10)).toHaveLength(1);
  });

  test('low volume at night and at weekends: it does not fire every week, and a stop by day does', () => {
    const arrivals = counts(2);
    const volume = (i: number) => {
      const hour = (i % DAY) / HOUR;
      const weekend = Math.floor(i / DAY) % 7 >= 5;
      return hour > 7 && hour < 22 ? (weekend ? 6 : 60) : 1;
    };
    // A Wednesday at noon in the fourth week.
    const stop = 23 * DAY + 12 * HOUR;
    const { between } = watch(26 * DAY, (i) => arrivals(i >= stop && i < stop + 30 ? 0.01 : volume(i)));
    const quietDays = 25 - 14;
    expect(between(14 * DAY, stop).length + between(stop + DAY, 26 * DAY).length).toBeLessThan(quietDays / 2);
    expect(between(stop, stop + 10)).toHaveLength(1);
  });

  test('flapping: two hours of ups and downs are one alarm or two, not sixty', () => {
    const around = noise(3);
    const at = 5 * DAY + 300;
    const { between } = watch(6 * DAY, (i) => around(i >= at && i < at + 120 && i % 2 === 0 ? 4000 : 1000));
    expect(between(at, at + 10)).toHaveLength(1);
    expect(between(at, at + 180).length).toBeLessThanOrEqual(3);
  });

  test('one alarm for a long incident, not one at each look', () => {
    const around = noise(4);
    const at = 5 * DAY + 300;
    const { between } = watch(6 * DAY, (i) => around(i >= at && i < at + 6 * HOUR ? 3000 : 1000));
    expect(between(at, at + 10)).toHaveLength(1);
    expect(between(at, at + 6 * HOUR).length).toBeLessThanOrEqual(3);
  });

  test.each([1, 5, 38])('a level that stays becomes the new normal within a day, of %i columns', (columns) => {
    const judge = createRowJudge(columns);
    const random = seededRandom(columns);
    const row = new Float64Array(columns);
    const at = 6 * DAY;
    const alarms: number[] = [];
    for (let i = 0; i < at + 3 * DAY; i++) {
      for (let c = 0; c < columns; c++) row[c] = 100 + 10 * random() + (c === 0 && i >= at ? 60 : 0);
      if (judge.judge(START + i * MINUTE, row).alarm) alarms.push(i);
    }
    expect(alarms.some((i) => i >= at && i < at + 10)).toBe(true);
    expect(alarms.filter((i) => i >= at + DAY).length).toBeLessThan(30);
  });

  test.each([
    ['a constant', () => 42],
    ['nothing at all', () => 0],
    ['a limit that is changed once a week', (i: number) => 100 + Math.floor(i / (7 * DAY))],
  ])('a series that does not move for six hours and longer, %s, is no anomaly', (_, value) => {
    const { between, alarms } = watch(10 * DAY, value);
    expect(between(DAY, 7 * DAY)).toEqual([]);
    expect(alarms.length).toBeLessThan(6 * HOUR);
  });

  test('values that are handed in again while they are still growing do not fire, nor do rows that come late', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-interim-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const around = noise(5);
    const full = Array.from({ length: 3 * DAY }, (_, i) => `${START / 1000 + i * 60},${around(1000).toFixed(1)}`);
    // After every 50th row the interim value of a row that is there, a tenth of it, and one of an hour before.
    const disturbed = full.flatMap((line, i) => {
      const [time, value] = line.split(',').map(Number) as [number, number];
      return i % 50 === 49 ? [line, `${time},${value / 10}`, `${time - 3600},0`] : [line];
    });
    const say = async (name: string, lines: readonly string[]) => {
      const [input, output] = [join(folder, name), join(folder, `${name}.out`)];
      writeFileSync(input, `timestamp,value\n${lines.join('\n')}\n`);
      const [report] = await judgeFiles([{ name, input, output }], createRowJudge, { interval: MINUTE });
      return { report, lines: readFileSync(output, 'utf8').trimEnd().split('\n').slice(1) };
    };
    const clean = await say('clean.csv', full);
    const late = await say('late.csv', disturbed);
    const rows = Math.floor(full.length / 50);
    expect(late.report).toMatchObject({ bad_rows: { time_repeated: rows, time_backward: rows } });
    expect(late.lines.filter((_, i) => i % 52 < 50)).toEqual(clean.lines);
    const onsets = (lines: readonly string[]) => lines.filter((line) => Number(line.split(',')[1]) >= ONSET).length;
    expect(onsets(late.lines)).toBe(onsets(clean.lines));
  });
});

/** What a detector is told of its signal: which deviation is bad news, and from how many events on. */
describe('what others were told off for, with detectors as they are configured', () => {
  const HOUR_MS = 3_600_000;
  const quiet = { shipped: false, history: '4h' } as const;
  const decision = { min_change: 0.3, for: '20s' };
  const broken = (time: number) => time >= EPOCH + 1_800_000 && time < EPOCH + 2_400_000;

  async function fired(world: World, detector: object) {
    const config = detectorConfig.parse({ ...quiet, detectors: [{ name: 'Watched', ...detector }] });
    return (await judgePast({ config, port: world, until: EPOCH + HOUR_MS, days: 1 / 24 })).firings;
  }

  test('one-directional: where only a rise is bad news, a fall is none, and the other way round', async () => {
    const outcomes: Record<string, number> = {};
    for (const direction of ['up', 'down', 'both']) {
      for (const factor of [0.3, 3]) {
        const world = createWorld(EPOCH + 2 * HOUR_MS);
        world.add(
          'latency_p95',
          'payments',
          (time, random) => (0.2 + 0.01 * gauss(random)) * (broken(time) ? factor : 1),
          { from: EPOCH - 4 * HOUR_MS },
        );
        const query = { signal: 'latency_p95' };
        outcomes[`${direction} ${factor}`] = (
          await fired(world, { query, decision: { ...decision, direction } })
        ).length;
      }
    }
    expect(outcomes).toEqual({ 'up 0.3': 0, 'up 3': 1, 'down 0.3': 1, 'down 3': 0, 'both 0.3': 1, 'both 3': 1 });
  });

  test('low volume: a ratio of a handful of events is no news, the same ratio of many is', async () => {
    const outcomes: number[] = [];
    for (const rate of [0.3, 30]) {
      const world = createWorld(EPOCH + 2 * HOUR_MS);
      const from = { from: EPOCH - 4 * HOUR_MS };
      world.add('throughput', 'payments', (_, random) => poisson(random, rate * 10) / 10, from);
      world.add('error_ratio', 'payments', (time, random) => (broken(time) ? 0.5 : 0.01 * random()), from);
      const query = { signal: 'error_ratio' };
      outcomes.push((await fired(world, { query, decision: { ...decision, min_volume: 20 } })).length);
    }
    expect(outcomes).toEqual([0, 1]);
  });

  /** What the shipped detectors say of one series of a stage in an hour, four hours of which are known before. */
  async function shippedOf(
    signal: 'throughput' | 'latency_p95',
    value: (time: number, random: () => number) => number,
  ) {
    const world = createWorld(EPOCH + 2 * HOUR_MS);
    world.add(signal, 'payments', value, { from: EPOCH - 4 * HOUR_MS });
    const config = detectorConfig.parse({ history: '4h' });
    return (await judgePast({ config, port: world, until: EPOCH + HOUR_MS, days: 1 / 24 })).firings;
  }

  test("SigNoz's example, payments falling from 10,250 to 4,200 a minute, fires within a minute, once", async () => {
    const firings = await shippedOf('throughput', (time, random) => poisson(random, broken(time) ? 700 : 1708) / 10);
    expect(firings.map(({ detector }) => detector)).toEqual(['ThroughputAnomaly']);
    expect(firings[0]?.firedAt).toBeLessThan(EPOCH + 1_800_000 + 60_000);
  });

  test('flapping: ten minutes of ups and downs a minute long are two alerts at most', async () => {
    const up = (time: number) => broken(time) && Math.floor(time / 60_000) % 2 === 0;
    const firings = await shippedOf('latency_p95', (time, random) => (0.2 + 0.01 * gauss(random)) * (up(time) ? 4 : 1));
    expect(firings.length).toBeGreaterThan(0);
    expect(firings.length).toBeLessThanOrEqual(2);
  });

  test('flat: a series that never moves is no anomaly, nor is a trifle over it', async () => {
    expect(await shippedOf('latency_p95', () => 0.2)).toEqual([]);
    expect(await shippedOf('latency_p95', (time) => (broken(time) ? 0.22 : 0.2))).toEqual([]);
    expect(await shippedOf('throughput', () => 0)).toEqual([]);
  });
});
