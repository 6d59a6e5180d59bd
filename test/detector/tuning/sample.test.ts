import { expect, test } from 'vitest';
import { chooseSeries, MOST_SERIES, REACH, readSample } from '../../../detector/tuning/sample.ts';
import { NO_MAINTENANCE } from '../../../detector/tuning/troubles.ts';
import { createWorld, EPOCH, gauss, STEP } from '../world.ts';

const HOUR = 3_600_000;
const UNTIL = EPOCH + 24 * HOUR;

function open() {
  const world = createWorld(UNTIL);
  const labels = ['a', 'b', 'c'].map((stage) =>
    world.add('lag', stage, (_, random) => 100 + gauss(random), { from: UNTIL - 10 * HOUR }),
  );
  const options = { port: world, labels, signals: ['lag'] as const, step: STEP, until: UNTIL, seed: 1 };
  return { world, labels, options: { ...options, maintenance: NO_MAINTENANCE } };
}
const filled = (values: Float64Array) => values.filter((value) => !Number.isNaN(value)).length;

test('a sample has each series of the last three days on the grid of the detector, from its first value on', async () => {
  const { options } = open();
  const { series, taken } = await readSample(options);
  expect(series).toHaveLength(3);
  for (const { start, step, values } of series) {
    expect([start, step, values.length]).toEqual([UNTIL - 10 * HOUR, STEP, (10 * HOUR) / STEP]);
    expect(filled(values)).toBe((10 * HOUR) / STEP);
    expect(Number.isNaN(values.at(-1) as number)).toBe(false);
  }
  expect(taken).toBe(0);
  const { world, options: other } = open();
  const old = world.add('lag', 'old', (_, random) => gauss(random), { from: UNTIL - 2 * REACH });
  const [only] = (await readSample({ ...other, labels: [old] })).series;
  expect([only?.start, only?.values.length]).toEqual([UNTIL - REACH, REACH / STEP]);
});

test('the stretch of an anomaly and planned work are not in it, what was called noise is', async () => {
  const { world, labels, options } = open();
  const anomaly = {
    ...{ id: 'x', detector: 'LagGrowing', labels: labels[0] as Record<string, string>, time: UNTIL - 5 * HOUR },
    ...{ firedAt: UNTIL - 5 * HOUR, resolvedAt: UNTIL - 4 * HOUR, value: 1, expected: 1, lower: 0, upper: 1, score: 4 },
    ...{ threshold: 3, direction: 'up' as const, severity: 'warning' as const, votes: [], decision: {} },
  };
  world.anomalies.set('x', anomaly);
  const maintenance = (of: Readonly<Record<string, string>>, time: number) =>
    of['stage'] === 'b' && time >= UNTIL - 2 * HOUR && time < UNTIL - HOUR;
  const read = async () => {
    const { series, taken } = await readSample({ ...options, maintenance });
    return { missing: series.map(({ values }) => (10 * HOUR) / STEP - filled(values)).sort((a, b) => a - b), taken };
  };
  // The hour of the anomaly with five minutes before and ten after; the hour of the work.
  expect(await read()).toEqual({ missing: [0, 360, 450], taken: 810 });
  world.feedback.push({
    ...{ anomalyId: 'x', detector: 'LagGrowing', labels: anomaly.labels, by: 'Ana', verdict: 'noise', note: '' },
    ...{ time: UNTIL, breach: 'score', onset: 0, until: 0, expected: 1, reach: 1 },
  });
  expect(await read()).toEqual({ missing: [0, 0, 360], taken: 360 });
});

test('short series and those that hardly change tell nothing', async () => {
  const { world, labels, options } = open();
  labels.push(world.add('lag', 'd', (_, random) => random(), { from: UNTIL - 4 * HOUR }));
  labels.push(world.add('lag', 'e', (time) => Math.floor(time / HOUR), { from: UNTIL - 10 * HOUR }));
  expect((await readSample(options)).series).toHaveLength(3);
});

test('a store that does not answer is the caller’s to know', async () => {
  const { world, options } = open();
  world.failing = 'away';
  await expect(readSample(options)).rejects.toThrow('away');
});

test('of many series whole stages are chosen, the same for the same seed', () => {
  const all = Array.from({ length: 900 }, (_, i) => ({
    signal: `s${i % 9}`,
    pipeline: 'p',
    stage: `stage-${i % 100}`,
  }));
  const first = chooseSeries(all, 7);
  expect(first.flatMap(({ series }) => series)).toHaveLength(MOST_SERIES);
  for (const { stage, series } of first.slice(0, -1)) {
    expect(series).toHaveLength(9);
    expect(new Set(series.map((one) => one.stage))).toEqual(new Set([stage['stage']]));
  }
  expect(chooseSeries([...all].reverse(), 7).map(({ stage }) => stage)).toEqual(first.map(({ stage }) => stage));
  expect(chooseSeries(all, 8)).not.toEqual(first);
  // Stages of a single series: no more than forty are asked for.
  expect(
    chooseSeries(
      Array.from({ length: 100 }, (_, i) => ({ stage: `${i}` })),
      1,
    ),
  ).toHaveLength(40);
});
