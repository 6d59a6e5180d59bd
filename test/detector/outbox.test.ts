import { expect, test } from 'vitest';
import type { Anomaly } from '../../core/anomaly.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createOutbox } from '../../detector/outbox.ts';
import { createWorld, EPOCH } from './world.ts';

function setUp() {
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  return { world, telemetry, outbox: createOutbox(world, createMetrics(telemetry.registry), telemetry.log) };
}
const anomaly = (id: string) => ({ id }) as Anomaly;
const point = (time: number) => ({ time, labels: {}, value: 1, expected: 1, lower: 0, upper: 2, score: 0 });

test('rows wait while the store is away, and go in order when it is back', async () => {
  const { world, outbox } = setUp();
  world.failing = 'away';
  outbox.anomalies.push(anomaly('a'));
  outbox.expectations.push(point(1), point(2));
  await outbox.flush(EPOCH);
  outbox.expectations.push(point(3));
  world.failing = undefined;
  await outbox.flush(EPOCH);
  expect([...world.anomalies.keys()]).toEqual(['a']);
  expect(world.expectations.map(({ time }) => time)).toEqual([1, 2, 3]);
  expect(outbox.expectations).toEqual([]);
});

test('beyond its bound the oldest rows are dropped and counted', async () => {
  const { world, outbox, telemetry } = setUp();
  world.failing = 'away';
  for (let i = 0; i < 5_010; i++) outbox.anomalies.push(anomaly(String(i)));
  await outbox.flush(EPOCH);
  expect(outbox.anomalies.length).toBe(5_000);
  expect(outbox.anomalies[0]?.id).toBe('10');
  const metrics = await telemetry.registry.metrics();
  expect(metrics).toContain('weir_detector_rows_total{table="anomalies",result="dropped"} 10');
});

test('flushes do not overlap', async () => {
  const { world, outbox } = setUp();
  let running = 0;
  let most = 0;
  world.writeExpectations = async (rows) => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, 5));
    running--;
    world.expectations.push(...rows);
  };
  outbox.expectations.push(point(1));
  const first = outbox.flush(EPOCH);
  const second = outbox.flush(EPOCH);
  await Promise.all([first, second]);
  expect(most).toBe(1);
  expect(world.expectations.length).toBe(1);
});
