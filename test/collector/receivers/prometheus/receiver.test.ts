import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Admission } from '../../../../collector/admission.ts';
import type { MetricsRequest, NumberDataPoint } from '../../../../collector/otlp/model.ts';
import { prometheusConfig } from '../../../../collector/receivers/prometheus/config.ts';
import { createPrometheusReceiver } from '../../../../collector/receivers/prometheus/receiver.ts';
import { WeirError } from '../../../../core/errors.ts';
import { silentTelemetry } from '../../../../core/telemetry.ts';
import { type ExporterServer, page, startExporter } from './exporter-server.ts';

const open: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function exporterWith(text: string): Promise<ExporterServer> {
  const exporter = await startExporter(page(text));
  open.push(() => exporter.close());
  return exporter;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((next) => setTimeout(next, 10));
  }
}

/** A receiver that scrapes every 500 ms before a store that remembers what it was told, or refuses. */
async function receiverOf(jobs: Record<string, unknown>[]) {
  const telemetry = silentTelemetry();
  const requests: MetricsRequest[] = [];
  const state = { full: false };
  const admission = new Admission(1 << 26);
  const receiver = createPrometheusReceiver({
    config: prometheusConfig.parse({
      global: { scrape_interval: '500ms' },
      scrape_configs: jobs.map((job, i) => ({ job_name: `job-${i}`, ...job })),
    }),
    async consume(request) {
      if (state.full) throw new WeirError('collector_spool_refused', 'full', { retryable: true });
      requests.push(request);
    },
    admission,
    telemetry,
  });
  await receiver.start();
  open.push(() => receiver.stop());
  /** Points of a metric as `instance=value`, in the order they were stored; `gone` for the end of a series. */
  const told = (name: string) =>
    requests.flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) => {
        const instance = resource?.attributes?.find(({ key }) => key === 'service.instance.id')?.value?.stringValue;
        const metrics = scopeMetrics.flatMap(({ metrics: list = [] }) => list).filter((metric) => metric.name === name);
        const points: readonly NumberDataPoint[] = metrics.flatMap(
          ({ gauge, sum }) => (gauge ?? sum)?.dataPoints ?? [],
        );
        return points.map((point) => `${instance}=${point.flags === 1 ? 'gone' : point.asDouble}`);
      }),
    );
  const count = async (sample: string) => {
    const line = (await telemetry.registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `));
    return line === undefined ? 0 : Number(line.slice(sample.length + 1));
  };
  return { receiver, requests, told, count, state, admission };
}

const at = (...exporters: ExporterServer[]) => ({
  static_configs: [{ targets: exporters.map(({ address }) => address) }],
});

describe('a scrape', () => {
  it('stores the samples, what was scraped, and the facts in them', async () => {
    const exporter = await exporterWith('a 1\n# TYPE b_total counter\nb_total 2\nkafka_brokers 3\n');
    const { told, count, admission } = await receiverOf([at(exporter)]);
    const here = exporter.address;
    await until(() => told('a').length >= 2);
    expect(told('up')).toContain(`${here}=1`);
    expect(told('a')[0]).toBe(`${here}=1`);
    expect(told('b_total')[0]).toBe(`${here}=2`);
    expect(told('kafka_brokers')[0]).toBe(`${here}=3`);
    expect(told('kafka.brokers')[0]).toBe('undefined=3');
    expect(told('scrape_samples_scraped')).toContain(`${here}=3`);
    expect(told('scrape_samples_post_metric_relabeling')).toContain(`${here}=3`);
    expect(told('scrape_series_added')).toContain(`${here}=4`);
    expect(Number(told('scrape_duration_seconds')[0]?.split('=')[1])).toBeGreaterThan(0);
    expect(await count('weir_collector_prometheus_targets{job="job-0"}')).toBe(1);
    expect(await count('weir_collector_prometheus_points_total{job="job-0"}')).toBeGreaterThanOrEqual(6);
    expect(await count('weir_collector_prometheus_facts_total{job="job-0"}')).toBeGreaterThanOrEqual(2);
    await until(() => admission.bytes === 0);
  });

  it('goes through the rules, and keeps labels apart', async () => {
    const exporter = await exporterWith('a{instance="x",env="theirs"} 1\nb 1\nc{job="c"} 1\n');
    const rules = [
      { source_labels: ['__name__'], regex: 'b', action: 'drop' },
      { source_labels: ['__name__', 'exported_env'], regex: 'a;(.*)', target_label: '__name__', replacement: 'a_$1' },
    ];
    const labelled = { static_configs: [{ targets: [exporter.address], labels: { env: 'ours' } }] };
    const { requests, told, count } = await receiverOf([
      { ...labelled, metric_relabel_configs: rules },
      { ...labelled, honor_labels: true },
    ]);
    await until(() => told('a_theirs').length > 0 && told('a').length > 0);
    const [point] = requests
      .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
      .flatMap(({ scopeMetrics = [] }) => scopeMetrics)
      .flatMap(({ metrics = [] }) => metrics)
      .filter(({ name }) => name === 'a_theirs')
      .flatMap(({ gauge }) => gauge?.dataPoints ?? []);
    expect(Object.fromEntries((point?.attributes ?? []).map(({ key, value }) => [key, value?.stringValue]))).toEqual({
      env: 'ours',
      exported_env: 'theirs',
      exported_instance: 'x',
    });
    expect(told('a')[0]).toBe('x=1');
    expect(await count('weir_collector_prometheus_dropped_total{job="job-0",reason="relabel"}')).toBeGreaterThan(0);
    const services = requests.flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.map(({ resource }) => resource?.attributes?.[0]?.value?.stringValue),
    );
    expect(new Set(services)).toEqual(new Set(['job-0', 'job-1', 'c']));
  });

  it('that fails ends the series, until the target is back', async () => {
    const exporter = await exporterWith('a 1\n');
    const { told, count } = await receiverOf([at(exporter)]);
    const here = exporter.address;
    await until(() => told('a').length > 0);
    exporter.answer = page('a 1\nbroken');
    await until(() => told('up').includes(`${here}=0`));
    expect(told('a').at(-1)).toBe(`${here}=gone`);
    exporter.answer = page('a 2\n');
    await until(() => told('a').includes(`${here}=2`));
    expect(
      await count('weir_collector_prometheus_failures_total{job="job-0",code="collector_prometheus_malformed"}'),
    ).toBeGreaterThan(0);
  });

  it('that cannot be kept is counted as lost, and ends of series are told later', async () => {
    const exporter = await exporterWith('a 1\nb 1\n');
    const { told, count, state } = await receiverOf([at(exporter)]);
    await until(() => told('b').length > 0);
    state.full = true;
    exporter.answer = page('a 1\n');
    const seen = exporter.requests.length;
    await until(() => exporter.requests.length > seen + 2);
    expect(told('b').some((value) => value.endsWith('gone'))).toBe(false);
    state.full = false;
    await until(() => told('b').some((value) => value.endsWith('gone')));
    const lost = 'weir_collector_prometheus_lost_total{job="job-0",code="collector_spool_refused"}';
    expect(await count(lost)).toBeGreaterThanOrEqual(2);
  });

  it('of one slow target makes no other wait', async () => {
    const [slow, quick] = [await exporterWith('s 1\n'), await exporterWith('q 1\n')];
    slow.answer = () => {};
    const { told } = await receiverOf([at(slow, quick)]);
    await until(() => told('q').length >= 5);
    await until(() => told('up').includes(`${slow.address}=0`));
    expect(told('up').filter((value) => value === `${quick.address}=1`).length).toBeGreaterThanOrEqual(5);
  });

  it('that there is no room for is told of no target', async () => {
    const exporter = await exporterWith('a 1\n');
    const { told, count, admission } = await receiverOf([at(exporter)]);
    await until(() => told('up').length > 0);
    const neighbour = admission.enter();
    neighbour.grow(1 << 26);
    const failures = 'weir_collector_prometheus_failures_total{job="job-0",code="collector_overloaded"}';
    const deadline = Date.now() + 10_000;
    while ((await count(failures)) < 2 && Date.now() < deadline) await new Promise((next) => setTimeout(next, 20));
    neighbour.leave();
    expect(await count(failures)).toBeGreaterThanOrEqual(2);
    expect(told('up')).not.toContain(`${exporter.address}=0`);
    expect(told('a')).not.toContain(`${exporter.address}=gone`);
  });

  it('of a page above a limit fails as a whole', async () => {
    const exporter = await exporterWith('a 1\nb 1\n');
    const { told, count } = await receiverOf([{ ...at(exporter), sample_limit: 1 }]);
    await until(() => told('up').length > 0);
    expect(told('a')).toEqual([]);
    expect(told('up')[0]).toBe(`${exporter.address}=0`);
    expect(
      await count('weir_collector_prometheus_failures_total{job="job-0",code="collector_prometheus_over_limit"}'),
    ).toBeGreaterThan(0);
  });
});

describe('targets in files', () => {
  it('come and go while it runs; one that went is told to have ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-targets-'));
    open.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'targets.json');
    const write = (...exporters: ExporterServer[]) =>
      writeFileSync(file, JSON.stringify([{ targets: exporters.map(({ address }) => address) }]));
    const [one, two] = [await exporterWith('a 1\n'), await exporterWith('a 2\n')];
    write(one);
    const { told, count } = await receiverOf([{ file_sd_configs: [{ files: [file] }] }]);
    await until(() => told('a').includes(`${one.address}=1`));
    write(two);
    await until(() => told('a').includes(`${two.address}=2`) && told('a').includes(`${one.address}=gone`));
    expect(told('up')).toContain(`${one.address}=gone`);
    const seen = one.requests.length;
    await new Promise((next) => setTimeout(next, 1200));
    expect(one.requests).toHaveLength(seen);
    writeFileSync(file, '{');
    await new Promise((next) => setTimeout(next, 500));
    expect(await count('weir_collector_prometheus_targets{job="job-0"}')).toBe(1);
    expect(await count('weir_collector_prometheus_discoveries_total{job="job-0",outcome="failed"}')).toBeGreaterThan(0);
  });
});

describe('the receiver', () => {
  it('is off without jobs, stops twice and without a start, and leaves series open when it stops', async () => {
    const { receiver, requests } = await receiverOf([]);
    await receiver.stop();
    await receiver.stop();
    expect(requests).toEqual([]);
    const exporter = await exporterWith('a 1\n');
    const running = await receiverOf([at(exporter)]);
    await until(() => running.told('a').length > 0);
    await running.receiver.stop();
    await running.receiver.stop();
    expect(running.told('a').some((value) => value.endsWith('gone'))).toBe(false);
    const seen = exporter.requests.length;
    await new Promise((next) => setTimeout(next, 1200));
    expect(exporter.requests).toHaveLength(seen);
  });
});
