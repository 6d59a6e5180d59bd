import { expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createRecords } from '../../detector/records.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { createWorld, EPOCH } from './world.ts';

const config = detectorConfig.parse({
  shipped: false,
  detectors: [
    { name: 'LagHigh', query: { signal: 'lag' }, severity: 'critical' },
    { name: 'LagOfOne', query: { signal: 'lag', match: { stage: 'a' } } },
    { name: 'Errors', query: { signal: 'error_ratio' }, decision: { score: 5 } },
  ],
});
const catalogue = createCatalogue(config);
const watched = new Map(['a', 'b'].map((stage) => [stage, createWatched({ signal: 'lag', stage }, EPOCH, EPOCH)]));

const open = () => {
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  const records = createRecords(catalogue, world, createMetrics(telemetry.registry), telemetry.log);
  return { world, records, metrics: () => telemetry.registry.metrics() };
};
const record = {
  ...{ detector: 'LagHigh', signal: 'lag', severity: 'critical' as const, series: 2, alerts: 6 },
  ...{ useful: 3, noise: 1, expected: 0, precision: 0.75, perSeriesWeek: 3 },
};

test('each detector says what it is and how many series it watches, at most each five minutes', async () => {
  const { world, records } = open();
  records.publish(watched, EPOCH);
  await records.settled();
  expect(world.states).toEqual([
    { detector: 'LagHigh', time: EPOCH, signal: 'lag', severity: 'critical', threshold: 2.4, series: 2 },
    { detector: 'LagOfOne', time: EPOCH, signal: 'lag', severity: 'warning', threshold: 2.4, series: 1 },
    { detector: 'Errors', time: EPOCH, signal: 'error_ratio', severity: 'warning', threshold: 5, series: 0 },
  ]);
  records.publish(watched, EPOCH + 299_999);
  await records.settled();
  expect(world.states).toHaveLength(3);
  records.publish(watched, EPOCH + 300_000);
  await records.settled();
  expect(world.states).toHaveLength(6);
  // Sooner where series came or went.
  records.publish(new Map(), EPOCH + 359_999);
  records.publish(new Map(), EPOCH + 360_000);
  await records.settled();
  expect(world.states.slice(6).map(({ time, series }) => [time, series])).toEqual(Array(3).fill([EPOCH + 360_000, 0]));
});

test('the record stands at /metrics; a precision that nobody can know is absent', async () => {
  const { world, records, metrics } = open();
  world.records.push(record, {
    ...record,
    detector: 'Errors',
    precision: Number.NaN,
    series: 0,
    perSeriesWeek: Number.NaN,
  });
  records.publish(watched, EPOCH);
  await records.settled();
  const text = await metrics();
  expect(text).toContain('weir_detector_week_alerts{detector="LagHigh"} 6');
  expect(text).toContain('weir_detector_week_verdicts{detector="LagHigh",verdict="useful"} 3');
  expect(text).toContain('weir_detector_week_verdicts{detector="LagHigh",verdict="expected"} 0');
  expect(text).toContain('weir_detector_week_alerts_per_series{detector="LagHigh"} 3');
  expect(text).toContain('weir_detector_precision_ratio{detector="LagHigh"} 0.75');
  expect(text).not.toContain('weir_detector_precision_ratio{detector="Errors"}');
  world.records.length = 0;
  records.publish(watched, EPOCH + 300_000);
  await records.settled();
  expect(await metrics()).not.toContain('weir_detector_precision_ratio{');
});

test('a store that refuses is tried again five minutes later', async () => {
  const { world, records, metrics } = open();
  world.records.push(record);
  world.failing = 'away';
  records.publish(watched, EPOCH);
  await records.settled();
  world.failing = undefined;
  records.publish(watched, EPOCH + 300_000);
  await records.settled();
  expect(await metrics()).toContain('weir_detector_week_alerts{detector="LagHigh"} 6');
});
