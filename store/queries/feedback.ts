import type { Feedback, FeedbackVerdict } from '../../core/feedback.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, millisCell, numberOf } from './cells.ts';

/** Writes that `feedback.by` says so from `feedback.time` on; what the same person said of the anomaly before is replaced. */
export async function writeFeedback(store: Store, feedback: Feedback): Promise<void> {
  await store.insert('feedback', [rowOf(feedback, feedback.verdict, '')]);
}

/** Writes that `feedback` does not stand any more from `feedback.time` on, as `takenBackBy` decided. */
export async function withdrawFeedback(store: Store, feedback: Feedback, takenBackBy: string): Promise<void> {
  await store.insert('feedback', [rowOf(feedback, '', takenBackBy)]);
}

function rowOf(feedback: Feedback, verdict: FeedbackVerdict | '', takenBackBy: string): object {
  return {
    Time: millisCell(feedback.time),
    AnomalyId: feedback.anomalyId,
    By: feedback.by,
    Verdict: verdict,
    Note: feedback.note,
    TakenBackBy: takenBackBy,
    Detector: feedback.detector,
    SeriesKey: fingerprint(feedback.labels),
    Labels: feedback.labels,
    Breach: feedback.breach,
    Onset: millisCell(feedback.onset),
    Until: millisCell(feedback.until),
    Expected: floatCell(feedback.expected),
    Reach: floatCell(feedback.reach),
  };
}

export interface FeedbackQuery {
  /** Keys of series, `fingerprint(labels)`. */
  readonly series?: readonly string[];
  readonly anomaly?: string;
}

/** What stands: the newest word of each person on each anomaly, unless it was taken back, oldest first. */
export async function readFeedback(store: Store, query: FeedbackQuery = {}): Promise<Feedback[]> {
  const { series, anomaly } = query;
  const conditions = [
    ...(series === undefined ? [] : ['SeriesKey IN {series:Array(String)}']),
    ...(anomaly === undefined ? [] : ['AnomalyId = {anomaly:String}']),
  ];
  const rows = await store.rows<FeedbackRow>(
    `
SELECT * FROM (
    SELECT AnomalyId AS anomalyId, Detector AS detector, Labels AS labels, \`By\` AS by, Verdict AS verdict, Note AS note,
        toUnixTimestamp64Milli(Time) AS time, Breach AS breach, toUnixTimestamp64Milli(Onset) AS onset,
        toUnixTimestamp64Milli(Until) AS until, Expected AS expected, Reach AS reach
    FROM feedback
    ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
    ORDER BY Time DESC
    LIMIT 1 BY AnomalyId, \`By\`)
WHERE verdict != ''
ORDER BY time, anomalyId, by`,
    { ...(series === undefined ? {} : { series: [...series] }), ...(anomaly === undefined ? {} : { anomaly }) },
    EXACT_FLOATS,
  );
  return rows.map((row) => ({
    ...row,
    time: numberOf(row.time),
    onset: numberOf(row.onset),
    until: numberOf(row.until),
    expected: numberOf(row.expected),
    reach: numberOf(row.reach),
  }));
}

/** When something was last said of an anomaly or taken back; 0 when nothing ever was. */
export async function lastFeedbackAt(store: Store, anomaly: string): Promise<Millis> {
  const [row] = await store.rows<{ at: number | string }>(
    'SELECT toUnixTimestamp64Milli(max(Time)) AS at FROM feedback WHERE AnomalyId = {anomaly:String}',
    { anomaly },
  );
  return numberOf(row?.at ?? 0);
}

interface FeedbackRow {
  readonly anomalyId: string;
  readonly detector: string;
  readonly labels: Labels;
  readonly by: string;
  readonly verdict: FeedbackVerdict;
  readonly note: string;
  readonly time: number | string;
  readonly breach: string;
  readonly onset: number | string;
  readonly until: number | string;
  readonly expected: number | string | null;
  readonly reach: number | string | null;
}
