import { LIMIT_AHEAD } from '../core/alert.ts';
import { errorMessage } from '../core/errors.ts';
import { RUNGS } from '../core/rung.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { LimitForecast } from '../store/queries/limit-forecasts.ts';
import { reportAhead } from './ahead/report.ts';
import { falseAlarmsOf } from './engine/incident.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';
import type { Stages } from './stages.ts';
import type { Catalogue, Watched } from './watched.ts';

/** What the detectors are, told to the store, and what they did and what people say of it, told at `/metrics`. */
export interface Records {
  /**
   * Publishes when the last time is five minutes ago, or one and the series and stages are not as many; returns at once.
   * Never throws. A detector of the signals of a stage watches stages as others watch series.
   */
  publish(watched: ReadonlyMap<string, Watched>, stages: Stages['all'], now: Millis): void;
  settled(): Promise<void>;
}

/** Series on each rung; those that only rules watch stand on none. */
function rungsOf({ slots }: Catalogue, watched: Iterable<Watched>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of watched) {
    const slot = Object.values(one.slots)[0];
    if (slot === undefined) continue;
    const rung = slots.rung(slot);
    counts[rung] = (counts[rung] ?? 0) + 1;
  }
  return counts;
}

function stateOf(catalogue: Catalogue, watched: readonly Watched[]): { series: number; rungs: Record<string, number> } {
  return { series: watched.length, rungs: rungsOf(catalogue, watched) };
}

const EVERY_MS = 300_000;
const CHANGED_MS = 60_000;

export function createRecords(
  catalogue: Catalogue,
  port: Pick<DetectorPort, 'readRecords' | 'writeStates' | 'writeLimitForecasts'>,
  metrics: DetectorMetrics,
  log: Logger,
): Records {
  let publishedAt = Number.NEGATIVE_INFINITY;
  let publishedFor = 0;
  let running: Promise<void> = Promise.resolve();

  /** Chances of crossing limits and what came of them. */
  async function publishAhead(forecasts: readonly LimitForecast[]): Promise<void> {
    const { limitBrier, limitChances, limitCrossed, limitWarnings, limitLead, limitCrossings } = metrics;
    for (const gauge of [limitBrier, limitChances, limitCrossed, limitWarnings, limitLead, limitCrossings])
      gauge.reset();
    for (const { kind, window, brier, counts, happened, announced, kept, lead, crossings, foreseen } of forecasts) {
      const ahead = `${window / 60}m`;
      if (!Number.isNaN(brier)) limitBrier.set({ kind, ahead }, brier);
      for (const [bin, count] of counts.entries()) {
        const stated = `0.${bin}`;
        limitChances.set({ kind, ahead, stated }, count);
        if (count > 0) limitCrossed.set({ kind, ahead, stated }, happened[bin] as number);
      }
      limitWarnings.set({ kind, result: 'crossed' }, kept);
      limitWarnings.set({ kind, result: 'not_crossed' }, announced - kept);
      if (!Number.isNaN(lead)) limitLead.set({ kind }, lead);
      limitCrossings.set({ kind, result: 'announced' }, foreseen);
      limitCrossings.set({ kind, result: 'not_announced' }, crossings - foreseen);
    }
    if (forecasts.length > 0) await port.writeLimitForecasts(forecasts);
  }

  async function publish(watching: ReadonlyMap<string, readonly Watched[]>, now: Millis): Promise<void> {
    await port.writeStates(
      // Where no series has a limit nobody looks ahead.
      catalogue.watchers
        .filter(({ entry }) => entry.name !== LIMIT_AHEAD || watching.has(LIMIT_AHEAD))
        .map(({ entry }) => ({
          detector: entry.name,
          time: now,
          signal: entry.query.signal,
          severity: entry.severity,
          threshold: entry.decision.score,
          ...stateOf(catalogue, watching.get(entry.name) ?? []),
          forecastLoss: catalogue.forecasts.of(entry.query.signal).loss,
          forecastCoverage: catalogue.forecasts.of(entry.query.signal).coverage,
          falseAlarms: falseAlarmsOf(entry.decision.score),
        })),
    );
    tellForecasts();
    const records = await port.readRecords(now);
    const { weekAlerts, weekVerdicts, weekAlertsPerSeries, precision, quietAlarms, configuredAlarms } = metrics;
    for (const gauge of [weekAlerts, weekVerdicts, weekAlertsPerSeries, precision, quietAlarms, configuredAlarms]) {
      gauge.reset();
    }
    for (const { detector, alerts, useful, noise, expected, ...rest } of records) {
      weekAlerts.set({ detector }, alerts);
      for (const [verdict, count] of Object.entries({ useful, noise, expected })) {
        weekVerdicts.set({ detector, verdict }, count);
      }
      if (!Number.isNaN(rest.precision)) precision.set({ detector }, rest.precision);
      if (!Number.isNaN(rest.perSeriesWeek)) weekAlertsPerSeries.set({ detector }, rest.perSeriesWeek);
      if (!Number.isNaN(rest.quietPerSeriesWeek)) quietAlarms.set({ detector }, rest.quietPerSeriesWeek);
      if (!Number.isNaN(rest.falseAlarms)) configuredAlarms.set({ detector }, rest.falseAlarms);
    }
  }

  function tellForecasts(): void {
    const { forecastLoss, forecastCoverage } = metrics;
    for (const signal of catalogue.forecasts.signals) {
      const { loss, coverage } = catalogue.forecasts.of(signal);
      if (!Number.isNaN(loss)) forecastLoss.set({ signal }, loss);
      if (!Number.isNaN(coverage)) forecastCoverage.set({ signal }, coverage);
    }
  }

  /** Each series counts once, with the rung of the first direction in which it is judged. */
  function tellRungs(watched: ReadonlyMap<string, Watched>): void {
    const counts = rungsOf(catalogue, watched.values());
    for (const rung of RUNGS) metrics.rungSeries.set({ rung }, counts[rung] ?? 0);
  }

  return {
    publish(watched, stages, now) {
      const size = watched.size + stages.size;
      if (now - publishedAt < (size === publishedFor ? EVERY_MS : CHANGED_MS)) return;
      publishedAt = now;
      publishedFor = size;
      const watching = new Map<string, Watched[]>();
      const watch = (one: Watched) => {
        for (const { entry } of catalogue.watchersOf(one.labels)) {
          const known = watching.get(entry.name);
          if (known) known.push(one);
          else watching.set(entry.name, [one]);
        }
      };
      for (const one of watched.values()) watch(one);
      for (const stage of stages.values()) watch(stage.watched);
      tellRungs(watched);
      const ahead = reportAhead(watched.values(), now);
      running = running
        .then(() => publish(watching, now))
        .then(() => publishAhead(ahead))
        .catch((error) => log.warn({ event: 'detector_records_unpublished', error: errorMessage(error) }));
    },
    settled: () => running,
  };
}
