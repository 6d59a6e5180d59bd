import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCollector, type TestCollector, waitForRows } from '../collector/harness.ts';
import { type ExporterServer, page, startExporter } from '../collector/receivers/prometheus/exporter-server.ts';
import { until } from '../e2e/process.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { type PrometheusServer, startPrometheus } from './server.ts';

/** All that the text format can say, which Prometheus and we read side by side. */
const PAGE = `# HELP plain_total Some\\nthing \\\\ else
# TYPE plain_total counter
plain_total{code="200"} 1027
plain_total{code="500",why="a \\"quoted\\" word, C:\\\\path\\nand more"} 3
# TYPE level gauge
level -12.5e-3
level{x="1",y=""} 1.7976931348623157e308
level { x = "2" , y = "ö 🚀" , } 4e-324
level{x="nan"} NaN
level{x="up"} +Inf
level{x="down"} -Inf
untyped_one 3
a:recorded:rule{job="theirs",instance="elsewhere"} 5
kafka_consumergroup_lag{consumergroup="billing",topic="orders",partition="0"} 42
`;

let prometheus: PrometheusServer;
let exporter: ExporterServer;
let test: TestStore;
let collector: TestCollector;

beforeAll(async () => {
  exporter = await startExporter(page(PAGE));
  prometheus = await startPrometheus([
    { job_name: 'prometheus', static_configs: [{ targets: ['SELF'] }] },
    { job_name: 'page', static_configs: [{ targets: [exporter.address], labels: { env: 'test' } }] },
  ]);
  await until(async () => (await prometheus.query('level')).length > 0, 30_000);
  test = await startTestStore();
  collector = await startTestCollector(test.store, {
    prometheus: {
      global: { scrape_interval: '2s' },
      scrape_configs: [
        { job_name: 'prometheus', static_configs: [{ targets: [prometheus.address] }] },
        { job_name: 'page', static_configs: [{ targets: [exporter.address], labels: { env: 'test' } }] },
        {
          job_name: 'federate',
          metrics_path: '/federate',
          honor_labels: true,
          params: { 'match[]': ['{job="page"}', '{__name__="up"}'] },
          metric_relabel_configs: [{ target_label: 'via', replacement: 'federate' }],
          static_configs: [{ targets: [prometheus.address] }],
        },
      ],
    },
  });
}, 120_000);
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
  await prometheus?.stop();
  await exporter?.close();
}, 60_000);

interface Row {
  readonly name: string;
  readonly service: string;
  readonly instance: string;
  readonly attributes: Record<string, string>;
  readonly value: string;
}

/** The newest value of each series of gauges and sums, written as Prometheus names series. */
async function stored(where: string): Promise<Map<string, number>> {
  const rows = await test.store.rows<Row>(`
    SELECT name, service, instance, attributes, argMax(value, at) AS value
    FROM (
      SELECT MetricName AS name, ServiceName AS service, ResourceAttributes['service.instance.id'] AS instance,
        Attributes AS attributes, toString(Value) AS value, TimeUnix AS at FROM otel_metrics_gauge
      UNION ALL
      SELECT MetricName, ServiceName, ResourceAttributes['service.instance.id'], Attributes, toString(Value), TimeUnix FROM otel_metrics_sum
    )
    WHERE ${where} GROUP BY name, service, instance, attributes`);
  return new Map(
    rows.map(({ name, service, instance, attributes, value }) => [
      seriesName({ __name__: name, job: service, instance, ...attributes }),
      numberOf(value),
    ]),
  );
}

function seriesName(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const numberOf = (text: string) => Number(text.replace(/^\+?inf$/i, 'Infinity').replace(/^-inf$/i, '-Infinity'));

describe('a page that Prometheus reads too', () => {
  it('gives the same series with the same values', async () => {
    const theirs = new Map(
      (await prometheus.query('{job="page",__name__!~"up|scrape_.*"}')).map(({ metric, value }) => [
        seriesName(metric),
        numberOf(value[1]),
      ]),
    );
    expect(theirs.size).toBe(11);
    const where = `service = 'page' AND NOT mapContains(attributes, 'via') AND name NOT LIKE 'scrape_%' AND name != 'up'`;
    let ours = new Map<string, number>();
    await until(async () => {
      ours = await stored(where);
      return ours.size >= theirs.size;
    }, 30_000);
    expect(ours).toEqual(theirs);
  });

  it('has the fact that the lag of a group is', async () => {
    const [lag] = await waitForRows<object>(
      test.store,
      `SELECT DISTINCT Attributes AS attributes, toFloat64(Value) AS value FROM otel_metrics_gauge WHERE MetricName = 'kafka.consumer_group.lag' AND ServiceName = 'kafka'`,
      1,
    );
    expect(lag).toEqual({ attributes: { group: 'billing', topic: 'orders', partition: '0' }, value: 42 });
  });
});

describe("Prometheus' own metrics", () => {
  it('are read whole: as many samples as it counts itself, and their histograms', async () => {
    const counted = async () =>
      Number((await prometheus.query('scrape_samples_scraped{job="prometheus"}'))[0]?.value[1] ?? Number.NaN);
    // Some of its series appear only when they are needed for the first time.
    await until(async () => {
      const ours = (await stored(`service = 'prometheus' AND name = 'scrape_samples_scraped'`)).values().next().value;
      return ours !== undefined && Math.abs(ours - (await counted())) <= 10;
    }, 30_000);
    const histograms = await waitForRows<{ name: string; ok: boolean; type: string }>(
      test.store,
      `SELECT MetricName AS name, min(length(BucketCounts) = length(ExplicitBounds) + 1 AND arraySum(BucketCounts) = Count) AS ok
       FROM otel_metrics_histogram WHERE ServiceName = 'prometheus' GROUP BY name`,
      3,
    );
    expect(histograms.map(({ name }) => name)).toContain('prometheus_http_request_duration_seconds');
    expect(histograms.filter(({ ok }) => Number(ok) === 0)).toEqual([]);
    const versions = await waitForRows<{ version: string }>(
      test.store,
      `SELECT DISTINCT Attributes['version'] AS version FROM otel_metrics_gauge WHERE MetricName = 'prometheus_build_info'`,
      1,
    );
    const [info] = await prometheus.query('prometheus_build_info');
    expect(versions).toEqual([{ version: info?.metric['version'] }]);
  });

  it('leave a quiet receiver: nothing failed, nothing was dropped', async () => {
    const text = await collector.telemetry.registry.metrics();
    expect(text).not.toMatch(/weir_collector_prometheus_(failures|lost)_total\{/);
    expect(text).not.toMatch(/weir_collector_prometheus_dropped_total\{.*\} [1-9]/);
  });
});

describe('/federate', () => {
  it('brings the series of others, under their own job and instance, at their own times', async () => {
    await waitForRows(
      test.store,
      `SELECT 1 FROM otel_metrics_gauge WHERE MetricName = 'level' AND Attributes['via'] = 'federate' LIMIT 1`,
      1,
    );
    const series = await stored(`attributes['via'] = 'federate'`);
    const names = [...series.keys()];
    const labels = (name: string, more: Record<string, string>) =>
      seriesName({ __name__: name, via: 'federate', ...more });
    expect(
      series.get(labels('plain_total', { job: 'page', instance: exporter.address, env: 'test', code: '200' })),
    ).toBe(1027);
    expect(series.get(labels('up', { job: 'prometheus', instance: prometheus.address }))).toBe(1);
    expect(names.some((name) => name.includes('"federate"') && name.includes('["job","federate"]'))).toBe(false);
    const late = await test.store.rows<{ late: number }>(
      `SELECT countIf(TimeUnix > now64(9) + 1) AS late FROM otel_metrics_gauge WHERE Attributes['via'] = 'federate'`,
    );
    expect(Number(late[0]?.late)).toBe(0);
  });
});

describe('a Prometheus that stops', () => {
  it('is down, and its series have ended', async () => {
    await prometheus.stop();
    await waitForRows(
      test.store,
      `SELECT 1 FROM metric_points WHERE MetricName = 'up' AND ServiceName = 'prometheus' AND Value = 0 LIMIT 1`,
      1,
    );
    await waitForRows(
      test.store,
      `SELECT 1 FROM metric_points WHERE MetricName = 'prometheus_build_info' AND Flags = 1 LIMIT 1`,
      1,
    );
  });
});
