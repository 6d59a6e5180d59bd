import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../../../../collector/admission.ts';
import type { MetricsRequest } from '../../../../collector/otlp/model.ts';
import { prometheusConfig, type ScrapeJob } from '../../../../collector/receivers/prometheus/config.ts';
import { createScrapeCounts } from '../../../../collector/receivers/prometheus/counts.ts';
import { createFactLedger } from '../../../../collector/receivers/prometheus/fact-ledger.ts';
import { openConnections } from '../../../../collector/receivers/prometheus/page.ts';
import { startTargetLoop, type TargetLoop } from '../../../../collector/receivers/prometheus/target-loop.ts';
import { type Target, targetsOf } from '../../../../collector/receivers/prometheus/targets.ts';
import { WeirError } from '../../../../core/errors.ts';
import { silentTelemetry } from '../../../../core/telemetry.ts';
import { type ExporterServer, page, startExporter } from './exporter-server.ts';

let exporter: ExporterServer;
const loops: TargetLoop[] = [];
beforeAll(async () => {
  exporter = await startExporter(page(''));
});
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop(false);
});
afterAll(() => exporter?.close());

interface Told {
  readonly name: string;
  readonly gone: boolean;
}

function loopOf(text: string, accepts: (request: number) => boolean = () => true) {
  exporter.answer = page(text);
  const { scrape_configs } = prometheusConfig.parse({
    scrape_configs: [{ job_name: 'j', scrape_interval: '1s', static_configs: [{ targets: [exporter.address] }] }],
  });
  const job = scrape_configs[0] as ScrapeJob;
  const telemetry = silentTelemetry();
  const requests: Told[][] = [];
  let asked = 0;
  const connections = openConnections(job);
  const loop = startTargetLoop(targetsOf(job, job.static_configs).targets[0] as Target, {
    connections,
    admission: new Admission(1 << 28),
    ledger: createFactLedger(),
    async consume(request) {
      if (!accepts(++asked)) throw new WeirError('collector_spool_refused', 'full', { retryable: true });
      requests.push(pointsOf(request));
    },
    counts: createScrapeCounts(telemetry, () => new Map()),
    telemetry,
    now: Date.now,
  });
  loops.push(loop);
  const count = async (sample: string) => {
    const found = (await telemetry.registry.metrics()).split('\n').find((line) => line.startsWith(`${sample} `));
    return found === undefined ? 0 : Number(found.slice(sample.length + 1));
  };
  return { loop, requests, count };
}

function pointsOf({ resourceMetrics = [] }: MetricsRequest): Told[] {
  return resourceMetrics
    .flatMap(({ scopeMetrics = [] }) => scopeMetrics)
    .flatMap(({ metrics = [] }) => metrics)
    .flatMap(({ name = '', gauge, sum }) =>
      ((gauge ?? sum)?.dataPoints ?? []).map(({ flags }) => ({ name, gone: flags === 1 })),
    );
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((next) => setTimeout(next, 10));
  }
}

const REPORT = 5;

describe('a large scrape', () => {
  const large = Array.from({ length: 45_000 }, (_, i) => `many{i="${i}"} ${i}`).join('\n');

  it('is stored in parts', async () => {
    const { requests, count } = loopOf(large);
    await until(async () => (await count('weir_collector_prometheus_points_total{job="j"}')) >= 45_000);
    const sizes = requests.slice(0, 3).map((points) => points.length);
    expect(sizes).toEqual([20_000, 20_000, 5000 + REPORT]);
  });

  it('of which a part cannot be kept is lost from there on, and counted so', async () => {
    const { requests, count } = loopOf(large, (request) => request === 1);
    const lost = 'weir_collector_prometheus_lost_total{job="j",code="collector_spool_refused"}';
    await until(async () => (await count(lost)) > 0);
    expect(await count(lost)).toBe(25_000);
    expect(requests.map((points) => points.length)).toEqual([20_000]);
    expect(await count('weir_collector_prometheus_points_total{job="j"}')).toBe(0);
  });
});

describe('the end of a target', () => {
  it('is told of all its series, when it is gone and not when we stop', async () => {
    const gone = loopOf('a 1\nb 2\n');
    await until(() => gone.requests.length > 0);
    await gone.loop.stop(true);
    expect(
      gone.requests
        .at(-1)
        ?.filter((point) => point.gone)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'a',
      'b',
      'scrape_duration_seconds',
      'scrape_samples_post_metric_relabeling',
      'scrape_samples_scraped',
      'scrape_series_added',
      'up',
    ]);
    const stopped = loopOf('a 1\n');
    await until(() => stopped.requests.length > 0);
    await stopped.loop.stop(false);
    expect(stopped.requests.flat().some((point) => point.gone)).toBe(false);
  });

  it('waits for no answer', async () => {
    const { loop, requests } = loopOf('a 1\n');
    exporter.answer = () => {};
    await until(() => exporter.requests.length > 0);
    const began = performance.now();
    await loop.stop(false);
    expect(performance.now() - began).toBeLessThan(500);
    expect(requests.flat().some(({ name }) => name === 'a')).toBe(false);
  });
});
