import type { Severity } from '../../core/alert.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, millisCell, numberOf } from './cells.ts';

/** A detector at work. */
export interface DetectorState {
  readonly detector: string;
  readonly time: Millis;
  readonly signal: string;
  readonly severity: Severity;
  /** Score it demands, as configured. */
  readonly threshold: number;
  /** Series it watches. */
  readonly series: number;
  /** Of them, how many stand on each rung of the cold start. */
  readonly rungs: Readonly<Record<string, number>>;
  /** Loss of the forecasts of its signal over that of the last value, and share within the 90 % band; NaN is unknown. */
  readonly forecastLoss: number;
  readonly forecastCoverage: number;
  /** False alarms per series and week that its threshold stands for. */
  readonly falseAlarms: number;
}

export async function writeDetectorStates(store: Store, states: readonly DetectorState[]): Promise<void> {
  const rows = states.map((state) => ({
    Detector: state.detector,
    Time: millisCell(state.time),
    Signal: state.signal,
    Severity: state.severity,
    Threshold: floatCell(state.threshold),
    Series: state.series,
    Rungs: state.rungs,
    ForecastLoss: floatCell(state.forecastLoss),
    ForecastCoverage: floatCell(state.forecastCoverage),
    FalseAlarms: floatCell(state.falseAlarms),
  }));
  await store.insert('detector_states', rows);
}

/** What a detector raised in a span of time and what counts of that today; `series` is NaN when it is not at work. */
export interface DetectorRecord {
  readonly detector: string;
  readonly signal: string;
  readonly severity: Severity | '';
  readonly series: number;
  readonly alerts: number;
  readonly useful: number;
  readonly noise: number;
  readonly expected: number;
  /** Share called useful of those judged, 0..1; NaN while none is. */
  readonly precision: number;
  /** Alerts per watched series and week; NaN when it is not at work or watches nothing. */
  readonly perSeriesWeek: number;
  /**
   * Of them, those of quiet periods: not called useful, and fired while their pipeline had no alert called useful (nor in the ten
   * minutes before one) and no incident that somebody acknowledged.
   */
  readonly quiet: number;
  readonly quietPerSeriesWeek: number;
  /** What the detector tells of itself, see `DetectorState`; empty and NaN when it is not at work. */
  readonly rungs: Readonly<Record<string, number>>;
  readonly forecastLoss: number;
  readonly forecastCoverage: number;
  readonly falseAlarms: number;
}

export const RECORD_MS = 7 * 86_400_000;
/** How old the newest word of a detector may be while it counts as at work. */
const CURRENT_MS = 900_000;
/** Alerts that fired this long before one that people called useful are of the same trouble. */
const LEAD_MS = 600_000;

/**
 * The records of the seven days before `now`: detectors at work, and those that raised something in that time. An alert is an
 * anomaly that fired; of several verdicts on one the newest counts. Most alerts in front.
 */
export async function readDetectorRecords(store: Store, now: Millis): Promise<DetectorRecord[]> {
  const rows = await store.rows<RecordRow>(
    `
WITH judged AS (
    SELECT anomaly, argMax(verdict, at) AS word
    FROM (
        SELECT AnomalyId AS anomaly, argMax(Verdict, Time) AS verdict, max(Time) AS at
        FROM feedback
        GROUP BY AnomalyId, \`By\`)
    WHERE verdict != ''
    GROUP BY anomaly),
confirmed AS (
    SELECT a.Labels['pipeline'] AS pipeline, a.Time - toIntervalMillisecond({lead:Int64}) AS since,
        if(a.ResolvedAt = 0, fromUnixTimestamp64Milli({to:Int64}), a.ResolvedAt) AS until
    FROM anomalies AS a FINAL
    INNER JOIN judged AS j ON j.anomaly = a.Id
    WHERE j.word = 'useful' AND (a.ResolvedAt = 0 OR a.ResolvedAt >= fromUnixTimestamp64Milli({from:Int64}))
    UNION ALL
    SELECT toString(Pipeline), OpenedAt - toIntervalMillisecond({lead:Int64}),
        if(ResolvedAt = 0, fromUnixTimestamp64Milli({to:Int64}), ResolvedAt)
    FROM incidents FINAL
    WHERE JSONExtractString(Body, 'acknowledgedBy') != '' AND (ResolvedAt = 0 OR ResolvedAt >= fromUnixTimestamp64Milli({from:Int64}))),
(SELECT groupArray((pipeline, since, until)) FROM confirmed) AS troubles,
fired AS (
    SELECT a.Detector AS name, count() AS alerts, countIf(j.word = 'useful') AS useful, countIf(j.word = 'noise') AS noise,
        countIf(j.word = 'expected') AS expected,
        countIf(j.word != 'useful' AND NOT arrayExists(
            (trouble) -> trouble.1 = a.Labels['pipeline'] AND a.FiredAt >= trouble.2 AND a.FiredAt <= trouble.3, troubles)) AS quiet
    FROM anomalies AS a FINAL
    LEFT JOIN judged AS j ON j.anomaly = a.Id
    WHERE a.Time >= fromUnixTimestamp64Milli({from:Int64}) AND a.FiredAt > 0
        AND a.FiredAt >= fromUnixTimestamp64Milli({from:Int64}) AND a.FiredAt < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY name),
working AS (
    SELECT Detector AS name, Signal AS signal, Severity AS severity, toFloat64(Series) AS series, Rungs AS rungs,
        ForecastLoss AS loss, ForecastCoverage AS coverage, FalseAlarms AS falseAlarms
    FROM detector_states FINAL
    WHERE Time >= fromUnixTimestamp64Milli({current:Int64}) AND Time < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 1 MINUTE)
SELECT if(w.name != '', w.name, f.name) AS detector, w.signal AS signal, w.severity AS severity,
    if(w.name != '', w.series, nan) AS series, f.alerts AS alerts, f.useful AS useful, f.noise AS noise, f.expected AS expected,
    f.quiet AS quiet, w.rungs AS rungs, if(w.name != '', w.loss, nan) AS forecastLoss,
    if(w.name != '', w.coverage, nan) AS forecastCoverage, if(w.name != '', w.falseAlarms, nan) AS falseAlarms
FROM working AS w FULL OUTER JOIN fired AS f ON f.name = w.name
ORDER BY alerts DESC, detector`,
    { from: millisCell(now - RECORD_MS), to: millisCell(now), current: millisCell(now - CURRENT_MS), lead: LEAD_MS },
    EXACT_FLOATS,
  );
  return rows.map((row) => {
    const series = numberOf(row.series);
    const alerts = Number(row.alerts);
    const [useful, noise, expected] = [Number(row.useful), Number(row.noise), Number(row.expected)];
    const quiet = Number(row.quiet);
    const judged = useful + noise + expected;
    return {
      detector: row.detector,
      signal: row.signal,
      severity: row.severity,
      series,
      ...{ alerts, useful, noise, expected },
      precision: judged === 0 ? Number.NaN : useful / judged,
      perSeriesWeek: series > 0 ? alerts / series : Number.NaN,
      quiet,
      quietPerSeriesWeek: series > 0 ? quiet / series : Number.NaN,
      rungs: row.rungs,
      forecastLoss: numberOf(row.forecastLoss),
      forecastCoverage: numberOf(row.forecastCoverage),
      falseAlarms: numberOf(row.falseAlarms),
    };
  });
}

interface RecordRow {
  readonly detector: string;
  readonly signal: string;
  readonly severity: Severity | '';
  readonly series: number | string | null;
  readonly alerts: number | string;
  readonly useful: number | string;
  readonly noise: number | string;
  readonly expected: number | string;
  readonly quiet: number | string;
  readonly rungs: Readonly<Record<string, number>>;
  readonly forecastLoss: number | string | null;
  readonly forecastCoverage: number | string | null;
  readonly falseAlarms: number | string | null;
}
