import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../core/labels.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { judgePast } from '../../detector/backtest/past.ts';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createEvaluator } from '../../detector/evaluator.ts';
import { explanationOf, recomputes } from '../../detector/explain.ts';
import { NO_FEEDBACK } from '../../detector/feedback.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createStageRows } from '../../detector/stage-rows.ts';
import { createStages, newStages } from '../../detector/stages.ts';
import { createCatalogue } from '../../detector/watched.ts';
import { addStage } from './stage.ts';
import { createWorld, EPOCH, STEP, type World } from './world.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** Series by themselves are not judged here unless a test says so: this is about their rows. */
const rowsOnly = {
  shipped: false,
  history: '30h',
  detectors: [
    {
      name: 'StageStrange',
      query: { signal: 'relations' },
      scorers: { relations: {} },
      decision: { for: '1m', keep_firing_for: '3m', min_history: '20h' },
    },
  ],
} as const;
const config = detectorConfig.parse(rowsOnly);
const within = (from: number, minutes: number, factor: number) => (time: number) =>
  time >= from && time < from + minutes * MINUTE ? factor : 1;
const past = (world: World, hours: number, more = config) =>
  judgePast({ config: more, port: world, until: EPOCH, days: hours / 24 });

describe('the signals of a stage, together', () => {
  test('a healthy day of two stages raises nothing', async () => {
    const world = createWorld(EPOCH);
    for (const [i, stage] of ['gateway', 'billing'].entries()) addStage(world, stage, EPOCH - 56 * HOUR, i + 1);
    const { firings, series } = await past(world, 24);
    expect(series).toBe(0);
    expect(firings).toEqual([]);
  });

  test('an output that is a quarter less than its input asks for, within its daily range: one alert, over soon after', async () => {
    const world = createWorld(EPOCH);
    const begin = EPOCH - 2 * HOUR;
    addStage(world, 'billing', EPOCH - 34 * HOUR, 3, { output: within(begin, 30, 0.75) });
    const { firings } = await past(world, 2);
    expect(firings.map(({ detector, labels }) => [detector, labels])).toEqual([
      ['StageStrange', { signal: 'relations', pipeline: 'orders', stage: 'billing' }],
    ]);
    const [{ firedAt, resolvedAt } = { firedAt: 0, resolvedAt: 0 }] = firings;
    expect(firedAt - begin).toBeLessThanOrEqual(3 * MINUTE);
    expect(resolvedAt - (begin + 30 * MINUTE)).toBeLessThanOrEqual(8 * MINUTE);
  });

  test('a load beyond anything seen is no news of this kind: nobody knows what goes with it', async () => {
    const world = createWorld(EPOCH);
    addStage(world, 'billing', EPOCH - 34 * HOUR, 4);
    const surge = within(EPOCH - HOUR, 30, 1.6);
    const read = world.readSignals;
    world.readSignals = async (query) =>
      (await read(query)).map((series) =>
        ['throughput', 'output', 'lag'].includes(series.labels['signal'] as string)
          ? { ...series, values: series.values.map((value, i) => value * surge(series.start + i * STEP)) }
          : series,
      );
    expect((await past(world, 2)).firings).toEqual([]);
  });

  test('while an alert of one of its signals fires, a stage has nothing to add', async () => {
    const world = createWorld(EPOCH);
    addStage(world, 'billing', EPOCH - 34 * HOUR, 5, { output: within(EPOCH - HOUR, 20, 0.7) });
    const rule = {
      name: 'Busy',
      query: { signal: 'throughput' },
      scorers: { threshold: { above: 0 } },
    } as const;
    const both = detectorConfig.parse({ ...rowsOnly, detectors: [...rowsOnly.detectors, rule] });
    const names = (of: { detector: string }[]) => [...new Set(of.map(({ detector }) => detector))];
    expect(names([...(await past(world, 2)).firings])).toEqual(['StageStrange']);
    expect(names([...(await past(world, 2, both)).firings])).not.toContain('StageStrange');
  });

  test('live: learned from history, stored with what it rests on, computed again exactly, and the same as replayed', async () => {
    const world = createWorld(EPOCH);
    addStage(world, 'billing', EPOCH - 34 * HOUR, 6, { output: within(EPOCH + 10 * MINUTE, 15, 0.7) });
    const telemetry = silentTelemetry();
    const board = createBoard();
    const evaluator = createEvaluator({
      config,
      catalogue: createCatalogue(config),
      port: world,
      board,
      metrics: createMetrics(telemetry.registry),
      log: telemetry.log,
      now: () => world.now,
      send: async (alerts) => ({ sent: alerts.length, failed: 0, errors: [] }),
    });
    for (let i = 0; i < 6 * 35; i++) {
      await evaluator.tick();
      await evaluator.settled();
      world.now += STEP;
    }
    const [anomaly, ...others] = [...world.anomalies.values()];
    if (!anomaly) throw new Error('nothing was found');
    expect(others).toEqual([]);
    expect(anomaly).toMatchObject({ detector: 'StageStrange', direction: 'up', severity: 'warning' });
    expect(anomaly.resolvedAt).toBeGreaterThan(EPOCH + 25 * MINUTE);
    expect(
      anomaly.votes
        .slice(0, 2)
        .map(({ scorer }) => scorer)
        .sort(),
    ).toEqual(['output', 'throughput']);
    const shares = anomaly.votes.reduce((sum, { weight }) => sum + weight, 0);
    expect(shares).toBeCloseTo(1);
    const output = anomaly.votes.find(({ scorer }) => scorer === 'output');
    expect(output?.expected).toBeGreaterThan(output?.inputs['value'] ?? NaN);
    expect(recomputes(anomaly)).toBe('equal');
    expect(explanationOf(anomaly)).toMatch(/\noutput +\d+ % /);
    expect(explanationOf(anomaly)).toContain('Computed again from these it is exactly that.');
    const forged = { ...anomaly, score: anomaly.score + 1e-9 };
    expect([recomputes(forged), explanationOf(forged)]).toEqual(['differs', expect.stringContaining('DIFFERS')]);
    const [alert] = board.alerts.values();
    expect(alert?.annotations['summary']).toMatch(/^billing: .*output.* no longer keep together as they did, for /);
    expect(alert?.labels).toMatchObject({ alertname: 'StageStrange', stage: 'billing', signal: 'relations' });

    const { firings } = await judgePast({ config, port: world, until: evaluator.cursor(), days: 0.5 / 24 });
    expect(firings.map(({ firedAt }) => firedAt)).toEqual([anomaly.time]);
  });

  test('a snapshot goes on exactly, also in the middle of a row', async () => {
    const world = createWorld(EPOCH);
    addStage(world, 'billing', EPOCH - 4 * HOUR, 7);
    const catalogue = createCatalogue(config);
    const from = EPOCH - 4 * HOUR;
    const half = EPOCH - HOUR - 30_000;
    const series = await world.readSignals({ from, to: EPOCH, step: STEP });
    const first = createStages(catalogue);
    for (const stage of newStages(
      catalogue,
      series.map(({ labels }) => labels),
      first.all,
      from,
      from,
    ))
      first.put(stage);
    const range = { series, step: STEP, heard: undefined, feedback: NO_FEEDBACK };
    expect([...first.judge({ ...range, from, until: half })].length).toBeGreaterThan(100);
    const second = createStages(catalogue, structuredClone([...first.all.values()]));
    const scores = [first, second].map((stages) =>
      [...stages.judge({ ...range, from, until: EPOCH })].map(({ verdicts }) => verdicts[0]?.score),
    );
    expect(scores[0]).toHaveLength(61);
    expect(scores[0]?.some((score) => (score ?? 0) > 1)).toBe(true);
    expect(scores[1]).toEqual(scores[0]);
  });

  test('a stage put in place of another one has its columns in an order of its own', () => {
    const labels = { pipeline: 'p', stage: 's' };
    const series = (['throughput', 'output'] as const).map((signal, i) => ({
      labels: { ...labels, signal },
      start: EPOCH,
      step: STEP,
      values: Float64Array.of(10 + i, 20 + i),
    }));
    const stages = createStages(createCatalogue(config));
    const keys = series.map((one) => fingerprint(one.labels));
    const judge = (from: number) => [
      ...stages.judge({ series, keys, from, until: from + STEP, step: STEP, heard: undefined, feedback: NO_FEEDBACK }),
    ];
    const fresh = () => createStageRows({ ...labels, signal: 'relations' }, EPOCH, EPOCH);
    stages.put(fresh());
    judge(EPOCH);
    const again = fresh();
    for (const signal of ['output', 'throughput'] as const)
      again.columns.push({ name: signal, signal, sum: 0, count: 0 });
    stages.put(again);
    judge(EPOCH + STEP);
    expect(again.columns.map(({ name, sum }) => [name, sum])).toEqual([
      ['output', 21],
      ['throughput', 20],
    ]);
  });
});
