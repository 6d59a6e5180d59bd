import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, WeirError } from '../../../core/errors.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Millis } from '../../../core/time.ts';
import type { Admission } from '../../admission.ts';
import type { MetricsRequest } from '../../otlp/model.ts';
import { convert } from './conversion.ts';
import type { ScrapeCounts } from './counts.ts';
import type { FactLedger } from './fact-ledger.ts';
import { type Connections, fetchPage } from './page.ts';
import type { Point } from './points.ts';
import { metricsRequest } from './request.ts';
import { readScrape, type Scraped } from './scrape.ts';
import { NO_SERIES, type SeriesState, track } from './series.ts';
import type { Target } from './targets.ts';

/** Points of one request: the others wait for no more than making one of these takes. */
const REQUEST_POINTS = 20_000;

export interface LoopOptions {
  readonly connections: Connections;
  readonly admission: Admission;
  /** Shared by all targets. */
  readonly ledger: FactLedger;
  /** Makes a request durable. */
  readonly consume: (request: MetricsRequest) => Promise<unknown>;
  readonly counts: ScrapeCounts;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
}

export interface TargetLoop {
  readonly target: Target;
  /** Ends it. With `isGone` its series are told to have ended, as those of a target that was taken out. */
  stop(isGone: boolean): Promise<void>;
}

/**
 * Scrapes one target every interval, each scrape at the same place within it: a hash of the target chooses the place, so
 * that many targets are spread, and stay where they are after a restart. A scrape that takes longer than its interval
 * makes the next ones fall out; no target waits for another.
 */
export function startTargetLoop(target: Target, options: LoopOptions): TargetLoop {
  const { connections, admission, ledger, consume, counts, telemetry, now } = options;
  const ending = new AbortController();
  const { job } = target;
  const name = job.job_name;
  let series: SeriesState = NO_SERIES;
  let trouble: string | undefined;

  async function read(time: Millis): Promise<Scraped> {
    const ticket = admission.enter();
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(target.timeout)]);
      const page = await fetchPage(target, connections, ticket, signal);
      return await readScrape(page, target, time, ticket, ledger);
    } finally {
      ticket.leave();
    }
  }

  async function scrape(time: Millis): Promise<void> {
    const began = performance.now();
    let scraped: Scraped | undefined;
    try {
      scraped = await read(time);
      if (trouble !== undefined) {
        telemetry.log.info({ event: 'collector_prometheus_target_back', ...place(target) }, 'a target answers again');
      }
      trouble = undefined;
    } catch (error) {
      if (ending.signal.aborted) return;
      failed(error);
      // That we have no room to read it in says nothing of the target.
      if (error instanceof WeirError && error.code === 'collector_overloaded') {
        counts.scrapes.inc({ job: name, outcome: 'failed' });
        return;
      }
    }
    counts.scrapes.inc({ job: name, outcome: scraped === undefined ? 'failed' : 'read' });
    const seconds = (performance.now() - began) / 1000;
    await store(scraped, time, seconds);
  }

  function failed(error: unknown): void {
    const code = error instanceof WeirError ? error.code : 'collector_internal';
    counts.failures.inc({ job: name, code });
    const reason = errorMessage(error);
    // One line for each new kind of trouble; `up` tells how long it goes on.
    if (trouble !== code) {
      telemetry.log.warn(
        { event: 'collector_prometheus_scrape_failed', ...place(target), code, reason },
        'not scraped',
      );
    }
    trouble = code;
  }

  /** Nothing counts as told before it is durable: what could not be kept is told with the next scrape where it still holds. */
  async function store(scraped: Scraped | undefined, time: Millis, seconds: number): Promise<void> {
    const points = scraped?.points ?? [];
    const { points: tracked, state, added } = track(points, series, time);
    const report = track(reportPoints(target, scraped, time, seconds, added), NO_SERIES, time);
    for (const point of report.points) tracked.push(point);
    for (let at = 0; at < tracked.length; at += REQUEST_POINTS) {
      try {
        await consume(metricsRequest(tracked.slice(at, at + REQUEST_POINTS)));
      } catch (error) {
        const code = error instanceof WeirError ? error.code : 'collector_internal';
        counts.lost.inc({ job: name, code }, Math.max(0, points.length - at));
        telemetry.log.debug(
          { event: 'collector_prometheus_scrape_lost', code, ...place(target) },
          'a scrape was not kept',
        );
        return;
      }
    }
    series = state;
    const { facts = 0, withheld = 0 } = scraped ?? {};
    counts.points.inc({ job: name }, points.length - facts - withheld);
    counts.facts.inc({ job: name }, facts);
    if (withheld > 0) counts.dropped.inc({ job: name, reason: 'withheld' }, withheld);
    for (const [reason, count] of scraped?.dropped ?? []) counts.dropped.inc({ job: name, reason }, count);
    const relabelled = (scraped?.samples ?? 0) - (scraped?.kept ?? 0);
    if (relabelled > 0) counts.dropped.inc({ job: name, reason: 'relabel' }, relabelled);
  }

  async function end(): Promise<void> {
    const time = now();
    const gone = [...track([], series, time).points];
    for (const point of reportPoints(target, undefined, time, 0, 0)) {
      gone.push({ point, time, start: undefined, data: undefined });
    }
    await consume(metricsRequest(gone)).catch((error: unknown) => {
      telemetry.log.debug(
        { event: 'collector_prometheus_end_lost', ...place(target), reason: errorMessage(error) },
        'the end of a target was not kept',
      );
    });
  }

  async function run(): Promise<void> {
    const { signal } = ending;
    while (!signal.aborted) {
      await sleep(untilNext(target, now()), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await scrape(now()).catch((error: unknown) => {
        const reason = errorMessage(error);
        telemetry.log.error({ event: 'collector_prometheus_internal', ...place(target), reason }, 'a scrape broke');
      });
    }
  }

  const running = run();
  return {
    target,
    async stop(isGone) {
      ending.abort();
      await running;
      if (isGone) await end();
    },
  };
}

function place({ job, url }: Target): { job: string; target: string } {
  return { job: job.job_name, target: `${url.origin}${url.pathname}` };
}

/** Milliseconds from `now` to the target's place in the next interval. */
export function untilNext({ key, interval }: Pick<Target, 'key' | 'interval'>, now: Millis): Millis {
  const offset = createHash('md5').update(key).digest().readUInt32BE(0) % interval;
  const into = (((now - offset) % interval) + interval) % interval;
  return Math.max(1, interval - into);
}

/** What Prometheus keeps of each scrape beside its samples: whether it worked, how long it took, how much it brought. */
function reportPoints(
  target: Target,
  scraped: Scraped | undefined,
  time: Millis,
  seconds: number,
  added: number,
): Point[] {
  const { labels, url } = target;
  const values: readonly (readonly [string, number, string])[] = [
    ['up', scraped === undefined ? 0 : 1, ''],
    ['scrape_duration_seconds', seconds, 's'],
    ['scrape_samples_scraped', scraped?.samples ?? 0, ''],
    ['scrape_samples_post_metric_relabeling', scraped?.kept ?? 0, ''],
    ['scrape_series_added', added, ''],
  ];
  const scheme = url.protocol.slice(0, -1);
  const samples = values.map(([name, value]) => ({
    name,
    labels: new Map(labels),
    value,
    timestamp: undefined,
    exemplar: undefined,
  }));
  const { points } = convert(samples, new Map(), time, scheme);
  return points.map((point, i) => ({ ...point, unit: values[i]?.[2] ?? '' }));
}
