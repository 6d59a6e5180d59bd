import { expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { judge } from '../../detector/judge.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createRecords } from '../../detector/records.ts';
import { createStageRows, type StageRows } from '../../detector/stage-rows.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { createWorld, EPOCH, STEP } from './world.ts';

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

const NO_STAGES: ReadonlyMap<string, StageRows> = new Map();

const open = () => {
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  const records = createRecords(catalogue, world, createMetrics(telemetry.registry), telemetry.log);
  return { world, records, metrics: () => telemetry.registry.metrics() };
};
const record = {
  ...{ detector: 'LagHigh', signal: 'lag', severity: 'critical' as const, series: 2, alerts: 6 },
  ...{ useful: 3, noise: 1, expected: 0, precision: 0.75, perSeriesWeek: 3 },
  ...{ quiet: 4, quietPerSeriesWeek: 2, rungs: {}, forecastLoss: 0.8, forecastCoverage: 0.9, falseAlarms: 0.5 },
};

test('each detector says what it is and how many series it watches, at most each five minutes', async () => {
  const { world, records } = open();
  records.publish(watched, NO_STAGES, EPOCH);
  await records.settled();
  const unknown = { rungs: {}, forecastLoss: Number.NaN, forecastCoverage: Number.NaN };
  const lag = { ...unknown, time: EPOCH, signal: 'lag', threshold: 2.4, falseAlarms: 0.5 };
  expect(world.states).toEqual([
    { ...lag, detector: 'LagHigh', severity: 'critical', series: 2 },
    { ...lag, detector: 'LagOfOne', severity: 'warning', series: 1 },
    {
      ...{ ...lag, detector: 'Errors', signal: 'error_ratio', severity: 'warning', threshold: 5, series: 0 },
      falseAlarms: expect.closeTo(0.5 * 10 ** -2.6),
    },
  ]);
  records.publish(watched, NO_STAGES, EPOCH + 299_999);
  await records.settled();
  expect(world.states).toHaveLength(3);
  records.publish(watched, NO_STAGES, EPOCH + 300_000);
  await records.settled();
  expect(world.states).toHaveLength(6);
  // Sooner where series came or went.
  records.publish(new Map(), NO_STAGES, EPOCH + 359_999);
  records.publish(new Map(), NO_STAGES, EPOCH + 360_000);
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
    quietPerSeriesWeek: Number.NaN,
  });
  records.publish(watched, NO_STAGES, EPOCH);
  await records.settled();
  const text = await metrics();
  expect(text).toContain('weir_detector_week_alerts{detector="LagHigh"} 6');
  expect(text).toContain('weir_detector_week_verdicts{detector="LagHigh",verdict="useful"} 3');
  expect(text).toContain('weir_detector_week_verdicts{detector="LagHigh",verdict="expected"} 0');
  expect(text).toContain('weir_detector_week_alerts_per_series{detector="LagHigh"} 3');
  expect(text).toContain('weir_detector_precision_ratio{detector="LagHigh"} 0.75');
  expect(text).toContain('weir_detector_quiet_week_alerts_per_series{detector="LagHigh"} 2');
  expect(text).toContain('weir_detector_configured_false_alarms{detector="LagHigh"} 0.5');
  expect(text).not.toContain('weir_detector_precision_ratio{detector="Errors"}');
  world.records.length = 0;
  records.publish(watched, NO_STAGES, EPOCH + 300_000);
  await records.settled();
  expect(await metrics()).not.toContain('weir_detector_precision_ratio{');
});

test('a store that refuses is tried again five minutes later', async () => {
  const { world, records, metrics } = open();
  world.records.push(record);
  world.failing = 'away';
  records.publish(watched, NO_STAGES, EPOCH);
  await records.settled();
  world.failing = undefined;
  records.publish(watched, NO_STAGES, EPOCH + 300_000);
  await records.settled();
  expect(await metrics()).toContain('weir_detector_week_alerts{detector="LagHigh"} 6');
});

test('the rungs of the series and how good the forecasts are stand with the detector', async () => {
  const catalogue = createCatalogue(config);
  const climbing = ['a', 'b', 'c'].map((stage) => createWatched({ signal: 'lag', stage }, EPOCH, EPOCH));
  for (const [i, one] of climbing.entries()) {
    for (let step = 0; step < 50 * i; step++) {
      judge(catalogue, one, { time: EPOCH + step * STEP, value: 100 + (step % 7), volume: Number.NaN }, STEP);
    }
  }
  for (let i = 0; i < 200; i++) {
    catalogue.forecasts.take('lag', EPOCH + i, { error: 1, naive: 2, inside: i % 10 !== 0 });
  }
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  const records = createRecords(catalogue, world, createMetrics(telemetry.registry), telemetry.log);
  records.publish(new Map(climbing.map((one) => [one.key, one])), NO_STAGES, EPOCH);
  await records.settled();
  expect(world.states.map(({ rungs, forecastLoss }) => [rungs, forecastLoss])).toEqual([
    // The first was never judged, so it stands nowhere.
    [{ learning: 1, baseline: 1 }, 0.5],
    [{}, 0.5],
    [{}, Number.NaN],
  ]);
  const text = await telemetry.registry.metrics();
  expect(text).toContain('weir_detector_rung_series{rung="baseline"} 1');
  expect(text).toContain('weir_detector_rung_series{rung="full"} 0');
  expect(text).toContain('weir_detector_forecast_loss_ratio{signal="lag"} 0.5');
  expect(text).toContain('weir_detector_forecast_coverage_ratio{signal="lag"} 0.9');
});

test('a detector of the signals of a stage watches stages', async () => {
  const world = createWorld(EPOCH);
  const telemetry = silentTelemetry();
  const shipped = createCatalogue(detectorConfig.parse({}));
  const records = createRecords(shipped, world, createMetrics(telemetry.registry), telemetry.log);
  const stages = ['billing', 'gateway'].map((stage) =>
    createStageRows({ signal: 'relations', pipeline: 'orders', stage }, EPOCH, EPOCH),
  );
  records.publish(new Map(), new Map(stages.map((stage) => [stage.watched.key, stage])), EPOCH);
  await records.settled();
  expect(world.states.filter(({ series }) => series > 0)).toMatchObject([{ detector: 'StageStrange', series: 2 }]);
});
