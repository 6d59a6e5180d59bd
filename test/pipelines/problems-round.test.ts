import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METRIC } from '../../core/semconv.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createProblems } from '../../pipelines/problems-round.ts';
import { createTopology } from '../../pipelines/topology-round.ts';
import type { Store } from '../../store/client.ts';
import { readLatestDeadLetters } from '../../store/queries/dead-letters.ts';
import { PROBLEM_OF } from '../../store/queries/problem-metrics.ts';
import { readSignals } from '../../store/queries/signals.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { consume, lag, NOON, point, produce } from '../store/queries/telemetry-rows.ts';
import { insertStock } from '../store/stock-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());

const S = 10_000;
const HOUR = 3_600_000;
const AT = NOON + 300_000;
const _ = Number.NaN;
const config = pipelinesConfig.parse({});

const offsets = (topic: string, partition: number, at: number, end: number, oldest = 0, rest: object = {}) => {
  const attributes = { topic, partition: String(partition) };
  return [
    point({ service: 'kafka', metric: METRIC.kafkaPartitionOffset, at, value: end, attributes }, rest),
    point({ service: 'kafka', metric: METRIC.kafkaPartitionOldest, at, value: oldest, attributes }, rest),
  ];
};

describe('dead-letter topics', () => {
  beforeAll(async () => {
    const place = { pipeline: 'orders', at: NOON };
    await insertStock(store, 'otel_traces', [
      consume('orders', 'billing', { ...place, service: 'billing' }),
      produce('orders-dlt', { ...place, service: 'billing' }),
      consume('clicks', 'sessions', { ...place, service: 'sessions' }),
      ...Array.from({ length: 12 }, (_item, i) =>
        produce('clicks.dlq', { ...place, service: 'sessions', at: AT - 50_000 + i * 4000 }),
      ),
      consume('dlq-returns', 'repair', { ...place, service: 'repair' }),
    ]);
    await insertStock(store, 'otel_metrics_gauge', [
      // Partition 0: 40 records two hours ago, 20 more four minutes ago, 13 in the last. Partition 1 is empty.
      ...offsets('orders-dlt', 0, AT - 3 * HOUR, 0),
      ...offsets('orders-dlt', 0, AT - 2 * HOUR, 40),
      ...offsets('orders-dlt', 0, AT - HOUR, 40),
      ...offsets('orders-dlt', 0, AT - 290_000, 40),
      ...offsets('orders-dlt', 0, AT - 240_000, 60),
      ...offsets('orders-dlt', 0, AT - 70_000, 60),
      ...offsets('orders-dlt', 0, AT - 62_000, 73),
      ...offsets('orders-dlt', 0, AT - 5000, 73),
      ...offsets('orders-dlt', 1, AT - 65_000, 7, 7),
      ...offsets('orders-dlt', 1, AT - 5000, 7, 7),
      lag('dlq-returns', 'repair', 0, 3, { at: AT - 5000 }),
    ]);
    await createTopology(store, config).round(AT);
  });

  test('are known by their names, with depth, age and who writes them', async () => {
    const found = await createProblems(store, config).round(AT);
    const of = (topic: string) => found.find((one) => one.topic === topic);
    expect(found.map(({ topic }) => topic).sort()).toEqual(['clicks.dlq', 'dlq-returns', 'orders-dlt']);
    expect(of('orders-dlt')).toEqual({
      ...{ time: AT, pipeline: 'orders', topic: 'orders-dlt', sourceTopic: 'orders', stage: 'billing', depth: 73 },
      ...{ rate: 13 / 65, oldestAge: 7200, newestAge: 62, oldestIsBound: false },
    });
    // Without offsets: what spans say.
    expect(of('clicks.dlq')).toMatchObject({ stage: 'sessions', depth: _, rate: 0.2, oldestAge: _ });
    // What waits is what its reader has not read.
    expect(of('dlq-returns')).toMatchObject({ sourceTopic: 'returns', stage: '', depth: 3 });
    const read = await readLatestDeadLetters(store, { from: NOON, to: AT, pipeline: 'orders' });
    expect(read.find(({ topic }) => topic === 'orders-dlt')).toEqual(of('orders-dlt'));
  });

  test('are signals, of stages that do not count their dead letters themselves', async () => {
    const range = { from: AT - 2 * S, to: AT + S, step: S, match: { pipeline: 'orders' } };
    const named = async () =>
      (await readSignals(store, { ...range, signals: ['dead_letters', 'dead_letter_depth'] })).map(
        ({ labels, values }) =>
          `${labels['signal']} ${labels['stage'] ?? ''} ${labels['topic'] ?? ''} ${[...values].map((value) => value.toFixed(2))}`,
      );
    expect(await named()).toEqual([
      'dead_letter_depth  dlq-returns NaN,3.00,3.00',
      'dead_letters billing orders-dlt NaN,0.20,0.20',
      'dead_letter_depth billing orders-dlt NaN,73.00,73.00',
      'dead_letters sessions clicks.dlq NaN,0.20,0.20',
    ]);
    await insertStock(store, 'otel_metrics_sum', [
      point(
        { pipeline: 'orders', service: 'billing', metric: METRIC.deadLetters, at: AT - 15_000, value: 5 },
        { AggregationTemporality: 1, IsMonotonic: true },
      ),
    ]);
    expect(await named()).toEqual([
      'dead_letter_depth  dlq-returns NaN,3.00,3.00',
      'dead_letters billing  0.50,0.00,0.00',
      'dead_letter_depth billing orders-dlt NaN,73.00,73.00',
      'dead_letters sessions clicks.dlq NaN,0.20,0.20',
    ]);
  });

  test('an oldest record of which nobody saw the end before is at least so old', async () => {
    await insertStock(store, 'otel_traces', [
      produce('bound.dlq', { pipeline: 'bound', service: 's', at: AT - 30_000 }),
    ]);
    await insertStock(store, 'otel_metrics_gauge', offsets('bound.dlq', 0, AT - 100_000, 900, 500));
    await createTopology(store, config).round(AT);
    const found = (await createProblems(store, config).round(AT)).find(({ topic }) => topic === 'bound.dlq');
    expect(found).toMatchObject({ depth: 400, oldestAge: 100, oldestIsBound: true });
  });

  test.each([
    [
      'between the last two samples, where these are rare',
      [
        [250, 10],
        [140, 40],
        [20, 100],
      ],
      0.5,
    ],
    [
      'over the whole range, where that is all that was seen',
      [
        [40, 10],
        [20, 40],
      ],
      1.5,
    ],
    ['unknown after one sample', [[20, 40]], _],
    [
      '0 where the topic began anew',
      [
        [150, 900],
        [80, 900],
        [10, 5],
      ],
      0,
    ],
  ])('get more records: %s', async (words, samples, rate) => {
    const topic = `${words.replaceAll(/\W+/g, '-')}.dlq`;
    await insertStock(store, 'otel_traces', [
      consume(topic, 'r', { pipeline: 'rates', service: 's', at: AT - 30_000 }),
    ]);
    await insertStock(
      store,
      'otel_metrics_gauge',
      samples.flatMap(([ago, end]) => offsets(topic, 0, AT - (ago as number) * 1000, end as number)),
    );
    await createTopology(store, config).round(AT);
    const found = (await createProblems(store, config).round(AT)).find((one) => one.topic === topic);
    expect(found?.rate).toEqual(rate);
  });

  test('of one name in two clusters hold what both hold', async () => {
    await insertStock(store, 'otel_traces', [
      produce('twice.dlq', { pipeline: 'twice', service: 's', at: AT - 30_000 }),
    ]);
    const cluster = (name: string) => ({ ResourceAttributes: { 'kafka.cluster.alias': name } });
    await insertStock(store, 'otel_metrics_gauge', [
      ...offsets('twice.dlq', 0, AT - 100_000, 900, 880, cluster('east')),
      ...offsets('twice.dlq', 0, AT - 100_000, 50, 40, cluster('west')),
    ]);
    await createTopology(store, config).round(AT);
    const found = (await createProblems(store, config).round(AT)).find(({ topic }) => topic === 'twice.dlq');
    expect(found?.depth).toBe(30);
  });
});

describe('what stages count', () => {
  const sum = (metric: string, at: number, value: number, rest: object, attributes = {}) =>
    point({ pipeline: 'counts', service: 'parser', metric, at, value, attributes }, rest);
  const delta = { AggregationTemporality: 1, IsMonotonic: true };
  const cumulative = { AggregationTemporality: 2, IsMonotonic: true };
  const read = async (pipeline = 'counts') =>
    new Map(
      (await readSignals(store, { from: NOON, to: NOON + 4 * S, step: S, match: { pipeline } })).map(
        ({ labels, values }) => [`${labels['signal']} ${labels['stage']}`, [...values]],
      ),
    );

  test('is records per second, of all reasons and topics together, 0 where nothing was counted', async () => {
    await insertStock(store, 'otel_metrics_sum', [
      sum(METRIC.schemaViolations, NOON + S, 20, delta, { reason: 'missing field' }),
      sum(METRIC.schemaViolations, NOON + 3 * S, 10, delta, { reason: 'missing field' }),
      sum(METRIC.schemaViolations, NOON + 3 * S, 30, delta, { reason: 'not json' }),
      ...[100, 100, 150, 20].map((value, i) => sum(METRIC.duplicates, NOON + i * S + 1000, value, cumulative)),
    ]);
    const found = await read();
    expect(found.get('schema_violations parser')).toEqual([2, 0, 4, 0]);
    // Nobody knows when the first hundred were counted; the last fall is a restart.
    expect(found.get('duplicates parser')).toEqual([0, 0, 5, 2]);
  });

  test('includes what engines and brokers count, each known metric kept for ten seconds', async () => {
    const metrics = [...PROBLEM_OF.keys()];
    await insertStock(
      store,
      'otel_metrics_sum',
      metrics.map((metric) =>
        point({ pipeline: 'known', service: `from ${PROBLEM_OF.get(metric)}`, metric, at: NOON + S, value: 10 }, delta),
      ),
    );
    const found = await read('known');
    expect(Object.fromEntries([...found].map(([name, values]) => [name.split(' ')[0], values[0]]))).toEqual({
      dead_letters: 5,
      schema_violations: 1,
      duplicates: 1,
      late_events: 3,
      out_of_order: 1,
    });
  });

  test('is of the job where an engine counts', async () => {
    const metric = 'flink_taskmanager_job_task_operator_numLateRecordsDropped';
    await insertStock(store, 'otel_metrics_sum', [
      ...[3, 8].map((value, i) =>
        point(
          {
            pipeline: 'jobs',
            service: 'tm',
            metric,
            at: NOON + i * S + 1000,
            value,
            attributes: { job_name: 'sessions' },
          },
          cumulative,
        ),
      ),
    ]);
    expect((await read('jobs')).get('late_events sessions')).toEqual([0, 0.5, 0, 0]);
  });
});
