import { expect, test } from 'vitest';
import type { Anomaly } from '../../core/anomaly.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createOutbox } from '../../detector/outbox.ts';
import { rowsOf } from '../store/queries/expectation-rows.ts';
import { createWorld, EPOCH } from './world.ts';

function setUp() {
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  return { world, telemetry, outbox: createOutbox(world, createMetrics(telemetry.registry), telemetry.log) };
}
const anomaly = (id: string) => ({ id }) as Anomaly;
const series = { key: 'a', labels: {} };
const band = { expected: 1, lower: 0, upper: 2, score: 0 };

test('rows wait while the store is away, and go in order when it is back', async () => {
  const { world, outbox } = setUp();
  world.failing = 'away';
  outbox.anomalies.push(anomaly('a'));
  for (const time of [1, 2]) outbox.expectations.push(series, time, 1, band);
  await outbox.flush(EPOCH);
  outbox.expectations.push(series, 3, 1, band);
  world.failing = undefined;
  await outbox.flush(EPOCH);
  expect([...world.anomalies.keys()]).toEqual(['a']);
  expect(world.expectations.map(({ time }) => time)).toEqual([1, 2, 3]);
  expect(outbox.expectations.length).toBe(0);
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

test('of points, too, the oldest are dropped and counted', async () => {
  const { world, outbox, telemetry } = setUp();
  world.failing = 'away';
  for (let time = 0; time < 250_007; time++) outbox.expectations.push(series, time, 1, band);
  await outbox.flush(EPOCH);
  expect(outbox.expectations.length).toBe(250_000);
  expect(outbox.expectations.oldest(1).time[0]).toBe(7);
  const metrics = await telemetry.registry.metrics();
  expect(metrics).toContain('weir_detector_rows_total{table="expectations",result="dropped"} 7');
});

test('flushes do not overlap', async () => {
  const { world, outbox } = setUp();
  let running = 0;
  let most = 0;
  world.writeExpectations = async (rows) => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, 5));
    running--;
    world.expectations.push(...rowsOf(rows));
  };
  outbox.expectations.push(series, 1, 1, band);
  const first = outbox.flush(EPOCH);
  const second = outbox.flush(EPOCH);
  await Promise.all([first, second]);
  expect(most).toBe(1);
  expect(world.expectations.length).toBe(1);
});
