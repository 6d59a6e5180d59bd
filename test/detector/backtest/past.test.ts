import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fingerprint } from '../../../core/labels.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { judgePast } from '../../../detector/backtest/past.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { openForesight } from '../../../detector/foresight.ts';
import { createDetector } from '../../../detector/main.ts';
import type { Store } from '../../../store/client.ts';
import type { Expectation } from '../../store/queries/expectation-rows.ts';
import { createWorld, EPOCH, gauss, poisson, STEP, type World } from '../world.ts';

const HOUR = 3_600_000;
const config = detectorConfig.parse({ history: '4h' });
const from = EPOCH - 4 * HOUR - 60_000;
/** The detector's port stands in for all of it. */
const NO_STORE = {} as Store;

const textOf = ({ value, expected, lower, upper, score }: Omit<Expectation, 'time' | 'labels'>) =>
  [value, expected, lower, upper, score].join(' ');

/** A stage with a steady flow whose latency and lag break for ten minutes each, an hour apart. */
function brokenWorld(now: number): World {
  const world = createWorld(now);
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
  test('says what the running detector said that judged each step as it came and was started again in the middle', async () => {
    const world = brokenWorld(EPOCH);
    // Beside what breaks: a flow that stops altogether, a series with a hole, and one that is born on the way.
    const stop = (time: number) => time >= EPOCH + 6_000_000 && time < EPOCH + 6_400_000;
    world.add('throughput', 'payments', (time, random) => (stop(time) ? NaN : poisson(random, 300) / 10), { from });
    const hole = (time: number) => time >= EPOCH + 2_000_000 && time < EPOCH + 2_400_000;
    world.add('freshness', 'payments', (time, random) => (hole(time) ? NaN : 20 + 2 * gauss(random)), { from });
    world.add('latency_p95', 'billing', (_, random) => 0.2 + 0.02 * gauss(random), { from: EPOCH + 3_000_000 });
    const dataDir = mkdtempSync(join(tmpdir(), 'weir-past-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const open = () =>
      createDetector({
        config,
        store: NO_STORE,
        port: world,
        // Nobody listens there: what is posted does not matter here.
        alertingUrl: 'http://127.0.0.1:9/',
        dataDir,
        telemetry: silentTelemetry(),
        now: () => world.now,
      });
    let detector = open();
    await detector.start();
    await detector.settled();
    // The first step that is judged live; all before it is history to both.
    const begin = Math.floor((EPOCH - config.lateness) / STEP) * STEP;
    for (let i = 0; i < 720; i++) {
      if (i === 420) {
        await detector.stop();
        detector = open();
        await detector.start();
        await detector.settled();
      }
      world.now += STEP;
      await detector.tick();
      await detector.settled();
    }
    await detector.stop();
    const until = begin + 720 * STEP;
    const live = [...world.anomalies.values()];
    const scores = new Map<string, string>();
    const said = await judgePast({
      config,
      port: world,
      until,
      days: (until - begin) / 86_400_000,
      foresight: await forecasts(),
      onPoint(watched, said, { time, value }) {
        if (Number.isNaN(said.expected) || time < begin) return;
        scores.set(`${watched.key} ${time}`, textOf({ ...said, value }));
      },
    });
    expect(said.series).toBe(6);
    const again = said.firings.map((one) => [one.detector, one.labels, one.onset, one.firedAt, one.resolvedAt]);
    expect(again).toHaveLength(live.length);
    for (const one of live) {
      expect(again).toContainEqual([one.detector, one.labels, one.decision['onset'], one.time, one.resolvedAt]);
      const firing = said.firings.find((other) => other.firedAt === one.time && other.detector === one.detector);
      expect([firing?.value, firing?.score]).toEqual([one.value, one.score]);
    }
    const signals = live.map(({ labels }) => `${labels['signal']} of ${labels['stage']}`);
    expect(new Set(signals)).toEqual(
      new Set(['latency_p95 of enrichment', 'lag_seconds of enrichment', 'throughput of payments']),
    );
    // Not the alerts alone: each step of each series has the same score and the same band.
    const stored = new Map(
      world.expectations
        .filter(({ time }) => time >= begin)
        .map((row) => [`${fingerprint(row.labels)} ${row.time}`, textOf(row)]),
    );
    expect(stored.size).toBeGreaterThan(3900);
    expect([...stored].filter(([step, row]) => scores.get(step) !== row)).toEqual([]);
    expect(scores.size).toBe(stored.size);
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

  test('the only flow that stops is told while anything else comes in, and not when nothing does', async () => {
    const stopped = (time: number) => time >= EPOCH + 1_200_000 && time < EPOCH + 2_400_000;
    const judged = async (lag: (time: number) => number) => {
      const world = createWorld(EPOCH + HOUR);
      world.add('throughput', 'payments', (time, random) => (stopped(time) ? NaN : poisson(random, 300) / 10), {
        from,
      });
      world.add('lag', 'payments', lag, { from, labels: { topic: 'orders', group: 'payments' } });
      return (await past(world, EPOCH + HOUR, 1)).firings.map(({ detector }) => detector);
    };
    expect(await judged(() => 0)).toEqual(['ThroughputAnomaly']);
    expect(await judged((time) => (stopped(time) ? NaN : 0))).toEqual([]);
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
