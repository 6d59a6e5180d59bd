import { describe, expect, test } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { judgePast } from '../../../detector/backtest/past.ts';
import { createBoard } from '../../../detector/board.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { createEvaluator } from '../../../detector/evaluator.ts';
import { openForesight } from '../../../detector/foresight.ts';
import { createMetrics } from '../../../detector/metrics.ts';
import { createCatalogue } from '../../../detector/watched.ts';
import { createWorld, EPOCH, gauss, poisson, STEP, type World } from '../world.ts';

const HOUR = 3_600_000;
const config = detectorConfig.parse({ history: '4h' });

/** A stage with a steady flow whose latency and lag break for ten minutes each, an hour apart. */
function brokenWorld(now: number): World {
  const world = createWorld(now);
  const from = EPOCH - 4 * HOUR - 60_000;
  const within = (time: number, start: number) => time >= start && time < start + 600_000;
  world.add('throughput', 'enrichment', (_, random) => poisson(random, 200) / 10, { from });
  world.add(
    'latency_p95',
    'enrichment',
    (time, random) => (0.1 + 0.01 * gauss(random)) * (within(time, EPOCH + 1_200_000) ? 12 : 1),
    { from },
  );
  world.add(
    'lag_seconds',
    'enrichment',
    (time, random) => 1 + random() + (within(time, EPOCH + 4_800_000) ? (time - EPOCH - 4_790_000) / 1000 : 0),
    { from, labels: { topic: 'orders', group: 'enrichment' } },
  );
  return world;
}

/** Those of the shipped network: nothing was imported here. */
const forecasts = () => openForesight('/nowhere');

const past = (world: World, until: number, hours: number, more = config) =>
  judgePast({ config: more, port: world, until, days: hours / 24 });

describe('judgePast', () => {
  test('fires what the running detector fired on the same data, at the same steps', async () => {
    const world = brokenWorld(EPOCH);
    const telemetry = silentTelemetry();
    const evaluator = createEvaluator({
      config,
      catalogue: createCatalogue(config, await forecasts()),
      port: world,
      board: createBoard(),
      metrics: createMetrics(telemetry.registry),
      log: telemetry.log,
      now: () => world.now,
      send: async (alerts) => ({ sent: alerts.length, failed: 0, errors: [] }),
    });
    await evaluator.tick();
    await evaluator.settled();
    // The first step that is judged live; all before it is history to both.
    const from = evaluator.cursor();
    for (let i = 0; i < 720; i++) {
      world.now += STEP;
      await evaluator.tick();
      await evaluator.settled();
    }
    const until = evaluator.cursor();
    const live = [...world.anomalies.values()].map((one) => [
      one.detector,
      one.labels['signal'],
      one.time,
      one.resolvedAt,
    ]);
    const days = (until - from) / 86_400_000;
    const { firings, series } = await judgePast({ config, port: world, until, days, foresight: await forecasts() });
    expect(series).toBe(3);
    const again = firings.map((one) => [one.detector, one.labels['signal'], one.firedAt, one.resolvedAt]);
    expect(again.sort()).toEqual(live.sort());
    expect(new Set(again.map(([, signal]) => signal))).toEqual(new Set(['latency_p95', 'lag_seconds']));
  });

  test('only what fires in the days asked for counts; what was before is learned', async () => {
    const world = brokenWorld(EPOCH + 3 * HOUR);
    const both = await past(world, EPOCH + 2 * HOUR, 2);
    const second = await past(world, EPOCH + 2 * HOUR, 1);
    const late = both.firings.filter(({ firedAt }) => firedAt >= EPOCH + HOUR);
    expect(late.length).toBeGreaterThan(0);
    expect(both.firings.length).toBeGreaterThan(late.length);
    expect(second.firings.map(({ detector, firedAt }) => [detector, firedAt])).toEqual(
      late.map(({ detector, firedAt }) => [detector, firedAt]),
    );
    expect(second.from).toBe(EPOCH + HOUR);
    expect((await past(world, EPOCH + 1_000_000, 0.25)).firings).toEqual([]);
  });

  test('a firing that is not over has no end; onset comes before the firing', async () => {
    const { firings } = await past(brokenWorld(EPOCH + HOUR), EPOCH + 1_500_000, 1);
    expect(firings.map(({ resolvedAt }) => resolvedAt)).toContain(0);
    for (const { onset, firedAt } of firings) expect(onset).toBeLessThanOrEqual(firedAt);
  });

  test('another configuration says other things of the same days, and nothing is written', async () => {
    const world = brokenWorld(EPOCH + 3 * HOUR);
    const disabled = detectorConfig.parse({ history: '4h', shipped: false });
    expect((await past(world, EPOCH + 2 * HOUR, 2, disabled)).firings).toEqual([]);
    const limit = detectorConfig.parse({
      history: '4h',
      shipped: false,
      detectors: [{ name: 'Slow', query: { signal: 'latency_p95' }, scorers: { threshold: { above: 0.5 } } }],
    });
    const { firings } = await past(world, EPOCH + 2 * HOUR, 2, limit);
    expect(firings.map(({ detector }) => detector)).toEqual(['Slow']);
    expect([world.anomalies.size, world.expectations.length]).toEqual([0, 0]);
  });

  test('an empty store has nothing to judge', async () => {
    expect(await past(createWorld(EPOCH), EPOCH, 24)).toMatchObject({ series: 0, points: 0, firings: [] });
  });
});
