import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';
import type { Catalogue, Watched } from './watched.ts';

/** What the detectors are, told to the store, and what they did and what people say of it, told at `/metrics`. */
export interface Records {
  /** Publishes when the last time is five minutes ago, or one and the series are not as many; returns at once. Never throws. */
  publish(watched: ReadonlyMap<string, Watched>, now: Millis): void;
  settled(): Promise<void>;
}

const EVERY_MS = 300_000;
const CHANGED_MS = 60_000;

export function createRecords(
  catalogue: Catalogue,
  port: Pick<DetectorPort, 'readRecords' | 'writeStates'>,
  metrics: DetectorMetrics,
  log: Logger,
): Records {
  let publishedAt = Number.NEGATIVE_INFINITY;
  let publishedFor = 0;
  let running: Promise<void> = Promise.resolve();

  async function publish(series: ReadonlyMap<string, number>, now: Millis): Promise<void> {
    await port.writeStates(
      catalogue.watchers.map(({ entry }) => ({
        detector: entry.name,
        time: now,
        signal: entry.query.signal,
        severity: entry.severity,
        threshold: entry.decision.score,
        series: series.get(entry.name) ?? 0,
      })),
    );
    const records = await port.readRecords(now);
    const { weekAlerts, weekVerdicts, weekAlertsPerSeries, precision } = metrics;
    for (const gauge of [weekAlerts, weekVerdicts, weekAlertsPerSeries, precision]) gauge.reset();
    for (const { detector, alerts, useful, noise, expected, ...rest } of records) {
      weekAlerts.set({ detector }, alerts);
      for (const [verdict, count] of Object.entries({ useful, noise, expected })) {
        weekVerdicts.set({ detector, verdict }, count);
      }
      if (!Number.isNaN(rest.precision)) precision.set({ detector }, rest.precision);
      if (!Number.isNaN(rest.perSeriesWeek)) weekAlertsPerSeries.set({ detector }, rest.perSeriesWeek);
    }
  }

  return {
    publish(watched, now) {
      if (now - publishedAt < (watched.size === publishedFor ? EVERY_MS : CHANGED_MS)) return;
      publishedAt = now;
      publishedFor = watched.size;
      const series = new Map<string, number>();
      for (const { labels } of watched.values()) {
        for (const { entry } of catalogue.watchersOf(labels)) series.set(entry.name, (series.get(entry.name) ?? 0) + 1);
      }
      running = running
        .then(() => publish(series, now))
        .catch((error) => log.warn({ event: 'detector_records_unpublished', error: errorMessage(error) }));
    },
    settled: () => running,
  };
}
