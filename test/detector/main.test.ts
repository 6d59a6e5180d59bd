import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createDetector } from '../../detector/main.ts';
import type { Store } from '../../store/client.ts';
import { createWorld, EPOCH, poisson, STEP } from './world.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weir-detector-main-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function open(world = createWorld(EPOCH)) {
  const telemetry = silentTelemetry();
  const detector = createDetector({
    config: detectorConfig.parse({ lstm: { enabled: false } }),
    store: {} as Store,
    port: world,
    alertingUrl: 'http://127.0.0.1:1',
    dataDir,
    telemetry,
    now: () => world.now,
  });
  return { world, detector, telemetry };
}

test('stop is safe twice and without start; health says what is missing', async () => {
  const { detector, world } = open();
  await detector.stop();
  expect(detector.health()).toEqual({ ready: false, detail: 'has not ticked yet' });
  await detector.start();
  await detector.settled();
  expect(detector.health().ready).toBe(true);
  world.now += 10 * STEP;
  expect(detector.health()).toEqual({ ready: false, detail: 'the tick is overdue' });
  world.failing = 'gone';
  await detector.tick();
  expect(detector.health()).toEqual({ ready: false, detail: 'the store could not be read' });
  await detector.stop();
  await detector.stop();
});

test('after a restart it goes on from its snapshot and reads no history again', async () => {
  const first = open();
  first.world.add('throughput', 'gateway', (_, random) => poisson(random, 100) / 10);
  await first.detector.start();
  for (let i = 0; i < 5; i++) {
    await first.detector.settled();
    first.world.now += STEP;
    await first.detector.tick();
  }
  await first.detector.settled();
  await first.detector.stop();
  first.world.queries.length = 0;
  first.world.now += 3 * STEP;

  const second = open(first.world);
  await second.detector.start();
  await second.detector.settled();
  expect(first.world.queries.map(({ from, to }) => to - from)).toEqual([3 * STEP]);
  const metrics = await second.telemetry.registry.metrics();
  expect(metrics).toContain('weir_detector_points_total{result="judged"} 3');
  expect(metrics).toContain('weir_detector_ticks_total{result="judged"} 1');
  expect(metrics).toContain('weir_detector_series{state="ready"} 1');
  await second.detector.stop();
});

test('a warning ahead of a limit, and what it was made from, outlives a restart', async () => {
  const from = EPOCH - 3_600_000;
  const world = createWorld(EPOCH);
  world.add('throughput', 'enrichment', (_, random) => poisson(random, 100) / 10, { from: from - 2 * 3_600_000 });
  world.add('lag_seconds', 'enrichment', (time, random) => 2 + random() + Math.max(0, (time - EPOCH) / 1000) * 0.4, {
    from: from - 2 * 3_600_000,
    labels: { topic: 'orders', group: 'enrichment' },
  });
  const config = detectorConfig.parse({ history: '3h' });
  const start = async () => {
    const telemetry = silentTelemetry();
    const options = { config, store: {} as Store, port: world, alertingUrl: 'http://127.0.0.1:1', dataDir, telemetry };
    const detector = createDetector({ ...options, now: () => world.now });
    await detector.start();
    await detector.settled();
    return { detector, telemetry };
  };
  const warnings = () => [...world.anomalies.values()].filter(({ detector }) => detector === 'LimitAhead');
  const first = await start();
  const tick = async (detector: typeof first.detector, steps: number) => {
    for (let i = 0; i < steps; i++) {
      world.now += STEP;
      await detector.tick();
      await detector.settled();
    }
  };
  while (warnings().length === 0 && world.now < EPOCH + 40 * 60_000) await tick(first.detector, 6);
  expect(warnings()).toHaveLength(1);
  await first.detector.stop();

  const second = await start();
  await tick(second.detector, 30);
  const metrics = await second.telemetry.registry.metrics();
  expect(metrics).toContain('weir_detector_alerts_firing 2');
  expect(warnings()).toMatchObject([{ resolvedAt: 0 }]);
  expect(metrics).toMatch(/weir_detector_limit_chances\{kind="threshold",ahead="30m",stated="0.0"\} [1-9]/);
  await tick(second.detector, 100);
  expect(warnings()).toHaveLength(1);
  expect(warnings()[0]?.resolvedAt).toBeGreaterThan(0);
  await second.detector.stop();
});
