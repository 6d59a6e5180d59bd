import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../../store/harness.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../../harness.ts';
import { type ExporterServer, page, startExporter } from './exporter-server.ts';

const payload = (name: string) => readFileSync(new URL(`payloads/${name}`, import.meta.url), 'utf8');

const OPENMETRICS = `# TYPE work_seconds histogram
# UNIT work_seconds seconds
work_seconds_bucket{le="0.5"} 3
work_seconds_bucket{le="+Inf"} 4 # {trace_id="${'ab'.repeat(16)}"} 0.75
work_seconds_sum 2.5
work_seconds_count 4
# TYPE done counter
done_total{queue="q"} 12
# TYPE rpc summary
rpc{quantile="0.9"} 0.25
rpc_count 9
rpc_sum 1.5
# EOF
`;

let test: TestStore;
let collector: TestCollector;
let kafka: ExporterServer;
let service: ExporterServer;

beforeAll(async () => {
  test = await startTestStore();
  kafka = await startExporter(page(payload('kafka-exporter.prom')));
  service = await startExporter(
    page(OPENMETRICS, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' }),
  );
  collector = await startTestCollector(test.store, {
    prometheus: {
      global: { scrape_interval: '1s' },
      scrape_configs: [
        { job_name: 'kafka', static_configs: [{ targets: [kafka.address], labels: { cluster: 'main' } }] },
        { job_name: 'shop', static_configs: [{ targets: [service.address], labels: { weir_pipeline: 'orders' } }] },
      ],
    },
  });
});
afterAll(async () => {
  await collector?.stop();
  await Promise.all([kafka?.close(), service?.close()]);
  await test?.stop();
});

/** Series of `metric_points` with their last value, as the lag model finds them. */
const SERIES = `
  SELECT p.MetricName AS metric, s.ConsumerGroup AS group, s.Topic AS topic, s.Partition AS partition, toFloat64(max(p.Value)) AS value
  FROM metric_points AS p LEFT ANY JOIN metric_series AS s ON s.SeriesId = p.SeriesId`;

describe('what an exporter says of Kafka', () => {
  it('is stored as the Kafka receiver would store it, and as it came', async () => {
    const rows = await waitForRows<object>(
      test.store,
      `${SERIES} WHERE s.SeriesId != 0 AND p.MetricName IN ('kafka.consumer_group.lag', 'kafka.consumer_group.offset', 'kafka.partition.current_offset')
         AND p.ServiceName = 'kafka' GROUP BY metric, group, topic, partition ORDER BY metric, group, topic, partition`,
      6,
    );
    const fact = (metric: string, group: string, partition: string, value: number) => ({
      metric,
      group,
      topic: 'orders',
      partition,
      value,
    });
    expect(rows).toEqual([
      fact('kafka.consumer_group.lag', 'billing', '0', 42),
      fact('kafka.consumer_group.lag', 'billing', '1', 0),
      fact('kafka.consumer_group.offset', 'billing', '0', 10_023_911),
      fact('kafka.consumer_group.offset', 'billing', '1', 9_998_112),
      fact('kafka.partition.current_offset', '', '0', 10_023_953),
      fact('kafka.partition.current_offset', '', '1', 9_998_112),
    ]);
    const original = await waitForRows<object>(
      test.store,
      `SELECT DISTINCT Attributes, ResourceAttributes['service.name'] AS service, ResourceAttributes['service.instance.id'] AS instance, toFloat64(Value) AS value
       FROM otel_metrics_gauge WHERE MetricName = 'kafka_consumergroup_lag' AND Value = 42 AND notEmpty(ResourceAttributes) AND notEmpty(Attributes)`,
      1,
    );
    expect(original).toEqual([
      {
        Attributes: { cluster: 'main', consumergroup: 'billing', partition: '0', topic: 'orders' },
        service: 'kafka',
        instance: kafka.address,
        value: 42,
      },
    ]);
  });
});

describe('what a service says of itself', () => {
  it('is stored in the tables that OpenTelemetry knows', async () => {
    const scope = `ServiceName = 'shop' AND ResourceAttributes['service.instance.id'] = '${service.address}'`;
    const [histogram] = await waitForRows<object>(
      test.store,
      `SELECT MetricName, MetricUnit, toFloat64(Count) AS count, Sum, arrayMap(x -> toFloat64(x), BucketCounts) AS counts, ExplicitBounds,
         ResourceAttributes['weir.pipeline'] AS pipeline, Exemplars.TraceId AS traces, AggregationTemporality AS temporality
       FROM otel_metrics_histogram WHERE ${scope} LIMIT 1`,
      1,
    );
    expect(histogram).toEqual({
      MetricName: 'work_seconds',
      MetricUnit: 's',
      count: 4,
      Sum: 2.5,
      counts: [3, 1],
      ExplicitBounds: [0.5],
      pipeline: 'orders',
      traces: ['ab'.repeat(16)],
      temporality: 2,
    });
    const [sum] = await waitForRows<object>(
      test.store,
      `SELECT MetricName, Attributes, toFloat64(Value) AS value, IsMonotonic, AggregationTemporality AS temporality
       FROM otel_metrics_sum WHERE ${scope} LIMIT 1`,
      1,
    );
    expect(sum).toEqual({
      MetricName: 'done_total',
      Attributes: { queue: 'q' },
      value: 12,
      IsMonotonic: true,
      temporality: 2,
    });
    const [summary] = await waitForRows<object>(
      test.store,
      `SELECT MetricName, toFloat64(Count) AS count, ValueAtQuantiles.Value AS values FROM otel_metrics_summary WHERE ${scope} LIMIT 1`,
      1,
    );
    expect(summary).toEqual({ MetricName: 'rpc', count: 9, values: [0.25] });
    const [up] = await waitForRows<object>(
      test.store,
      `SELECT toFloat64(Value) AS value FROM otel_metrics_gauge WHERE MetricName = 'up' AND ${scope} LIMIT 1`,
      1,
    );
    expect(up).toEqual({ value: 1 });
  });

  it('counts from its first scrape on, and ends where the target is silent', async () => {
    const starts = await waitForRows<object>(
      test.store,
      `SELECT uniqExact(StartTime) AS starts FROM metric_points WHERE MetricName = 'done_total' HAVING count() >= 2`,
      1,
    );
    expect(starts).toEqual([{ starts: expect.toSatisfy((count) => Number(count) === 1) }]);
    service.answer = (_, response) => response.writeHead(500).end();
    const ended = await waitForRows<object>(
      test.store,
      `SELECT MetricName FROM metric_points WHERE MetricName IN ('done_total', 'up') AND ServiceName = 'shop'
         AND ((Flags = 1 AND isNaN(Value)) OR (MetricName = 'up' AND Value = 0)) ORDER BY MetricName LIMIT 1 BY MetricName`,
      2,
    );
    expect(ended).toEqual([{ MetricName: 'done_total' }, { MetricName: 'up' }]);
  });
});

describe("the Collector's kafkametrics receiver", () => {
  it('speaks our names already, over OTLP', async () => {
    const time = Date.now();
    const body = payload('kafkametrics.json')
      .replaceAll('"TIME"', `"${time}000000"`)
      .replaceAll('"START"', `"${time - 60_000}000000"`);
    const answer = await fetch(`${collector.http}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status, await answer.text()).toBe(200);
    const rows = await waitForRows<object>(
      test.store,
      `${SERIES} WHERE s.SeriesId != 0 AND p.ServiceName = '' GROUP BY metric, group, topic, partition ORDER BY metric`,
      6,
    );
    expect(rows).toEqual([
      { metric: 'kafka.brokers', group: '', topic: '', partition: '', value: 3 },
      { metric: 'kafka.consumer_group.lag', group: 'billing', topic: 'orders', partition: '0', value: 30 },
      { metric: 'kafka.consumer_group.members', group: 'billing', topic: '', partition: '', value: 2 },
      { metric: 'kafka.consumer_group.offset', group: 'billing', topic: 'orders', partition: '0', value: 1500 },
      { metric: 'kafka.partition.current_offset', group: '', topic: 'orders', partition: '0', value: 1530 },
      { metric: 'kafka.partition.oldest_offset', group: '', topic: 'orders', partition: '0', value: 12 },
    ]);
  });
});
