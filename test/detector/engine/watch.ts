import type { Millis } from '../../../core/time.ts';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { createSeriesJudge } from '../../../detector/engine/series-judge.ts';
import { seededRandom } from '../../../detector/random.ts';

/** A Monday, 00:00 UTC. */
export const MONDAY: Millis = Date.UTC(2024, 0, 1);
export const MINUTE: Millis = 60_000;
export const HOUR: Millis = 60 * MINUTE;
export const DAY: Millis = 24 * HOUR;

/** Normal noise of unit spread, the same on every run (Box and Muller). */
export function noise(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** -1 .. 1 over the day. */
export function wave(time: Millis): number {
  return Math.sin((2 * Math.PI * time) / DAY);
}

/** Judges `count` values, `interval` apart from a Monday on: rows that open alarms, and rows in alarm. */
export function watch(count: number, interval: Millis, value: (row: number, time: Millis) => number) {
  const judge = createSeriesJudge();
  const row = new Float64Array(1);
  const onsets: number[] = [];
  const alarms: number[] = [];
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    row[0] = value(i, i * interval);
    const { score, alarm } = judge.judge(MONDAY + i * interval, row);
    scores[i] = score;
    if (score >= ONSET) onsets.push(i);
    if (alarm) alarms.push(i);
  }
  const among = (rows: readonly number[]) => (from: number, to: number) => rows.filter((at) => at >= from && at < to);
  return { onsets, alarms, scores, onsetsIn: among(onsets), alarmsIn: among(alarms) };
}
