import type { Millis } from '../../core/time.ts';
import { falseAlarmsOf, THRESHOLD } from './incident.ts';

/**
 * What a threshold must be raised by for a series to alarm about as often as was asked for. A score of s is meant to be 1 in
 * 10^s points of any series, but how far its streams agree on mere noise differs from series to series. So the ordinary
 * peaks of the score are counted: a peak begins at 2.1, and what follows within 120 points belongs to it. Over that level
 * their height is taken to be exponential with mean m:
 *
 *   alarms(L) = rate x exp(-(L - 2.1) / m)      rate: peaks a point, with a memory of 20,000 points
 *   shift     = 2.1 + m ln(rate / (1.5 wanted)) - threshold, between 0 and 1.5          wanted: alarms a point
 *
 * Peaks of 3 and more and those with more than 4 points over 2.1 are incidents: they teach nothing here. So m is that of
 * heights cut off at c = 0.9; with h the mean of these it is about h + c / (exp(c / h) - 1). A new series is taken for one
 * in which a threshold of 2.4 makes 0.5 alarms a week, as if that had been seen in 3,000 points, and heights are as if 5 of 0.3
 * had been seen. The factor of 1.5: what is a little over what was asked for is left alone.
 */
export interface Calibrations {
  /** Decades by which `threshold` is to be raised for a series, by the points told so far. */
  shift(series: number, threshold: number, interval: Millis): number;
  /** Tells the score of the next point. */
  tell(series: number, score: number): void;
  readonly state: readonly [Float32Array, Uint8Array];
}

const LEVEL = 2.1;
const HIGHEST = 0.9;
const PEAK_POINTS = 120;
const LONGEST = 4;
const KEPT = 1 - 1 / 20_000;
const PRIOR_POINTS = 3000;
const PRIOR_PEAKS = 5;
const PRIOR_HEIGHT = 0.3;
const TOLERANCE = 1.5;
const MOST_SHIFT = 1.5;
const WEEK: Millis = 604_800_000;

/** Numbers of a series: points, peaks and sum of their heights (fading), score of the present peak. */
const [POINTS, PEAKS, HEIGHTS, PEAK] = [0, 1, 2, 3] as const;
const FIELDS = 4;
/** Of a series: points since the present peak began, and how many of them were over the level. */
const COUNTS = 2;

export function createCalibrations(series: number): Calibrations {
  const sums = new Float32Array(FIELDS * series);
  const counts = new Uint8Array(COUNTS * series);
  for (let i = 0; i < series; i++) counts[COUNTS * i] = PEAK_POINTS + 1;

  return {
    shift(i, threshold, interval) {
      const at = FIELDS * i;
      const share = interval / WEEK;
      const usual = falseAlarmsOf(THRESHOLD) * share * Math.exp((THRESHOLD - LEVEL) / PRIOR_HEIGHT);
      const rate =
        ((sums[at + PEAKS] as number) + PRIOR_POINTS * usual) / ((sums[at + POINTS] as number) + PRIOR_POINTS);
      const peaks = (sums[at + PEAKS] as number) + PRIOR_PEAKS;
      const height = ((sums[at + HEIGHTS] as number) + PRIOR_PEAKS * PRIOR_HEIGHT) / peaks;
      const mean = height + HIGHEST / Math.expm1(HIGHEST / height);
      const wanted = TOLERANCE * falseAlarmsOf(threshold) * share;
      return Math.min(MOST_SHIFT, Math.max(0, LEVEL + mean * Math.log(rate / wanted) - threshold));
    },

    tell(i, score) {
      const at = FIELDS * i;
      const since = COUNTS * i;
      sums[at + POINTS] = (sums[at + POINTS] as number) * KEPT + 1;
      sums[at + PEAKS] = (sums[at + PEAKS] as number) * KEPT;
      sums[at + HEIGHTS] = (sums[at + HEIGHTS] as number) * KEPT;
      const age = Math.min(PEAK_POINTS + 1, (counts[since] as number) + 1);
      counts[since] = age;
      if (age > PEAK_POINTS) {
        if (!(score >= LEVEL)) return;
        counts[since] = 0;
        counts[since + 1] = 1;
        sums[at + PEAK] = score;
        return;
      }
      if (score >= LEVEL) {
        counts[since + 1] = (counts[since + 1] as number) + 1;
        sums[at + PEAK] = Math.max(sums[at + PEAK] as number, score);
      }
      if (age < PEAK_POINTS) return;
      const peak = (sums[at + PEAK] as number) - LEVEL;
      if (peak >= HIGHEST || (counts[since + 1] as number) > LONGEST) return;
      sums[at + PEAKS] = (sums[at + PEAKS] as number) + 1;
      sums[at + HEIGHTS] = (sums[at + HEIGHTS] as number) + peak;
    },

    state: [sums, counts],
  };
}
