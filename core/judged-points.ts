import { fingerprint, type Labels } from './labels.ts';
import { type Millis, STEP_MS } from './time.ts';

/** Where the points that an anomaly was judged by are to be had, in the two ways there are. */
export interface JudgedPoints {
  /** Path and query of the API: the series with `key` among those of the answer, in its unit. */
  readonly path: string;
  readonly key: string;
  /** A statement for `weir query`: value, band and score of each step as they were judged. */
  readonly sql: string;
  /** The window of both; the last step in it is the one that fired. */
  readonly from: Millis;
  readonly to: Millis;
}

/** What is shown before the first strange step, so that the ordinary can be seen, too. */
const BEFORE_MS: Millis = 600_000;

/** The points behind an anomaly: from ten minutes before `onset` up to the step that starts at `time`, in whole steps. */
export function judgedPoints(anomaly: {
  readonly labels: Labels;
  readonly time: Millis;
  readonly onset: Millis;
  /** The length of a judged step, where it is another than ten seconds. */
  readonly step?: Millis;
}): JudgedPoints {
  const { labels, time, step = STEP_MS } = anomaly;
  const onset = anomaly.onset > 0 ? Math.min(anomaly.onset, time) : time;
  const from = Math.floor((onset - BEFORE_MS) / step) * step;
  const to = Math.floor(time / step) * step + step;
  const key = fingerprint(labels);
  const query = new URLSearchParams({ from: String(from), to: String(to), step: String(step) });
  if (labels['signal']) query.set('signals', labels['signal']);
  for (const name of ['pipeline', 'stage']) if (labels[name]) query.set(name, labels[name]);
  const second = (at: Millis) => `toDateTime(${at / 1000})`;
  const sql =
    'SELECT toUnixTimestamp(Time) AS time, Value AS value, Expected AS expected, Lower AS lower, Upper AS upper, Score AS score ' +
    `FROM expectations WHERE SeriesKey = '${key}' AND Time >= ${second(from)} AND Time < ${second(to)} ORDER BY Time`;
  return { path: `/api/series?${query}`, key, sql, from, to };
}
