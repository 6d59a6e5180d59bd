import { expect } from 'vitest';
import { Admission } from '../../collector/admission.ts';
import { encodeRequest } from '../../collector/otlp/encode.ts';
import { prometheusConfig, type ScrapeJob } from '../../collector/receivers/prometheus/config.ts';
import { metricsRequest } from '../../collector/receivers/prometheus/request.ts';
import { readScrape } from '../../collector/receivers/prometheus/scrape.ts';
import { NO_SERIES, track } from '../../collector/receivers/prometheus/series.ts';
import { type Target, targetsOf } from '../../collector/receivers/prometheus/targets.ts';
import type { TestCollector } from '../collector/harness.ts';

function targetOf(labels: Readonly<Record<string, string>>): Target {
  const { scrape_configs } = prometheusConfig.parse({
    scrape_configs: [{ job_name: 'exporter', static_configs: [{ targets: ['exporter:1'], labels }] }],
  });
  const job = scrape_configs[0] as ScrapeJob;
  return targetsOf(job, job.static_configs).targets[0] as Target;
}

/** Stores the pages of a target as if they had been scraped at `times`, in unix milliseconds. */
export async function storeScrapes(
  collector: TestCollector,
  times: readonly number[],
  page: (time: number) => string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const target = targetOf(labels);
  let state = NO_SERIES;
  for (const time of times) {
    const ticket = new Admission(1 << 26).enter();
    const { points } = await readScrape({ text: page(time), format: 'text' }, target, time, ticket);
    ticket.leave();
    const tracked = track(points, state, time);
    state = tracked.state;
    const answer = await fetch(`${collector.http}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(encodeRequest('metrics', metricsRequest(tracked.points))),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }
}
