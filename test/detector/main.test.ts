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
