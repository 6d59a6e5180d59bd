import type { Severity } from '../../core/alert.ts';
import type { Anomaly, Vote } from '../../core/anomaly.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Direction } from '../../core/signal.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, millisCell, numberOf } from './cells.ts';

/** Writes the state of anomalies as of `updatedAt`; of several states of one id the newest counts. */
export async function writeAnomalies(store: Store, anomalies: readonly Anomaly[], updatedAt: Millis): Promise<void> {
  if (anomalies.length === 0) return;
  const rows = anomalies.map((anomaly) => ({
    Id: anomaly.id,
    Detector: anomaly.detector,
    SeriesKey: fingerprint(anomaly.labels),
    Labels: anomaly.labels,
    Time: millisCell(anomaly.time),
    FiredAt: millisCell(anomaly.firedAt),
    ResolvedAt: millisCell(anomaly.resolvedAt),
    Value: floatCell(anomaly.value),
    Expected: floatCell(anomaly.expected),
    Lower: floatCell(anomaly.lower),
    Upper: floatCell(anomaly.upper),
    Score: floatCell(anomaly.score),
    Threshold: floatCell(anomaly.threshold),
    Direction: anomaly.direction,
    Severity: anomaly.severity,
    Votes: encodeNumbers(anomaly.votes),
    Decision: encodeNumbers(anomaly.decision),
    UpdatedAt: millisCell(updatedAt),
  }));
  await store.insert('anomalies', rows);
}

export interface AnomalyQuery {
  /** Unix milliseconds: anomalies that were open at some time of [from, to). */
  readonly from: Millis;
  readonly to: Millis;
  /** Labels that must be equal. */
  readonly match?: Labels;
  readonly limit?: number;
}

/** Anomalies of a range in their newest state, newest first. */
export async function readAnomalies(store: Store, query: AnomalyQuery): Promise<Anomaly[]> {
  const rows = await store.rows<AnomalyRow>(
    `${ANOMALY_COLUMNS}
WHERE Time < fromUnixTimestamp64Milli({to:Int64})
    AND (Time >= fromUnixTimestamp64Milli({from:Int64})
        OR (FiredAt > 0 AND (ResolvedAt = 0 OR ResolvedAt >= fromUnixTimestamp64Milli({from:Int64}))))
    AND arrayAll((name, value) -> Labels[name] = value, {names:Array(String)}, {values:Array(String)})
ORDER BY Time DESC, Id
LIMIT {limit:UInt32}`,
    {
      from: millisCell(query.from),
      to: millisCell(query.to),
      names: Object.keys(query.match ?? {}),
      values: Object.values(query.match ?? {}),
      limit: query.limit ?? 10_000,
    },
    EXACT_FLOATS,
  );
  return rows.map(parseAnomaly);
}

/**
 * Alerts that fired before `anomaly` on the same series, or of the same detector on the same stage of its pipeline, in their
 * newest state, newest first.
 */
export async function readAnomaliesBefore(store: Store, anomaly: Anomaly, limit: number): Promise<Anomaly[]> {
  const { id, detector, labels, time } = anomaly;
  const rows = await store.rows<AnomalyRow>(
    `${ANOMALY_COLUMNS}
WHERE Time < fromUnixTimestamp64Milli({time:Int64}) AND FiredAt > 0 AND Id != {id:String}
    AND (SeriesKey = {key:String}
        OR (Detector = {detector:String} AND Labels['pipeline'] = {pipeline:String} AND Labels['stage'] = {stage:String}))
ORDER BY Time DESC, Id
LIMIT {limit:UInt32}`,
    {
      time: millisCell(time),
      id,
      key: fingerprint(labels),
      detector,
      pipeline: labels['pipeline'] ?? '',
      stage: labels['stage'] ?? '',
      limit,
    },
    EXACT_FLOATS,
  );
  return rows.map(parseAnomaly);
}

/** One anomaly in its newest state, or undefined. */
export async function readAnomaly(store: Store, id: string): Promise<Anomaly | undefined> {
  const [row] = await store.rows<AnomalyRow>(
    `${ANOMALY_COLUMNS} WHERE Id = {id:String} ORDER BY UpdatedAt DESC LIMIT 1`,
    { id },
    EXACT_FLOATS,
  );
  return row && parseAnomaly(row);
}

interface AnomalyRow {
  readonly id: string;
  readonly detector: string;
  readonly labels: Labels;
  readonly time: number | string;
  readonly firedAt: number | string;
  readonly resolvedAt: number | string;
  readonly value: number | string;
  readonly expected: number | string;
  readonly lower: number | string;
  readonly upper: number | string;
  readonly score: number | string;
  readonly threshold: number | string;
  readonly direction: Direction;
  readonly severity: Severity;
  readonly votes: string;
  readonly decision: string;
}

const ANOMALY_COLUMNS = `
SELECT Id AS id, Detector AS detector, Labels AS labels, toUnixTimestamp64Milli(Time) AS time,
    toUnixTimestamp64Milli(FiredAt) AS firedAt, toUnixTimestamp64Milli(ResolvedAt) AS resolvedAt,
    Value AS value, Expected AS expected, Lower AS lower, Upper AS upper, Score AS score, Threshold AS threshold,
    Direction AS direction, Severity AS severity, Votes AS votes, Decision AS decision
FROM anomalies FINAL`;

function parseAnomaly(row: AnomalyRow): Anomaly {
  return {
    id: row.id,
    detector: row.detector,
    labels: row.labels,
    time: numberOf(row.time),
    firedAt: numberOf(row.firedAt),
    resolvedAt: numberOf(row.resolvedAt),
    value: numberOf(row.value),
    expected: numberOf(row.expected),
    lower: numberOf(row.lower),
    upper: numberOf(row.upper),
    score: numberOf(row.score),
    threshold: numberOf(row.threshold),
    direction: row.direction,
    severity: row.severity,
    votes: decodeNumbers(row.votes) as Vote[],
    decision: decodeNumbers(row.decision) as Anomaly['decision'],
  };
}

const UNWRITABLE: Readonly<Record<string, number>> = { NaN: Number.NaN, '+Inf': Infinity, '-Inf': -Infinity };

/** JSON in which NaN and the infinities stand as `{"$":"NaN"}`, `"+Inf"`, `"-Inf"`, so that a decision can be computed again exactly. */
function encodeNumbers(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'number' || Number.isFinite(item)) return item;
    return { $: Number.isNaN(item) ? 'NaN' : item > 0 ? '+Inf' : '-Inf' };
  });
}

function decodeNumbers(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) => {
    const name = (item as { readonly $?: unknown } | null)?.$;
    return typeof name === 'string' ? (UNWRITABLE[name] ?? item) : item;
  });
}
