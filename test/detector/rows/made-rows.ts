import type { RowJudge } from '../../../detector/backtest/judge.ts';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { seededRandom } from '../../../detector/random.ts';

const MINUTE = 60_000;

/** Gaussian numbers of mean 0 and deviation 1 from a seed. */
export function seededNormal(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export interface Told {
  /** Rows that opened an alarm or made one worse. */
  readonly onsets: number[];
  /** Rows during an alarm. */
  readonly alarms: number[];
  readonly scores: number[];
  /** Columns from the strangest down, at each row of an onset. */
  readonly named: Map<number, number[]>;
}

/** Feeds rows a minute apart, from row `first` on, and keeps what was said. */
export function feed(
  judge: RowJudge,
  rows: number,
  columns: number,
  fill: (values: Float64Array, row: number) => void,
  first = 0,
  interval = MINUTE,
): Told {
  const told: Told = { onsets: [], alarms: [], scores: [], named: new Map() };
  const values = new Float64Array(columns);
  for (let row = first; row < first + rows; row++) {
    fill(values, row);
    const { score, alarm, contributions } = judge.judge(row * interval, values);
    told.scores.push(score);
    if (alarm) told.alarms.push(row);
    if (score < ONSET) continue;
    told.onsets.push(row);
    told.named.set(row, ranked(contributions));
  }
  return told;
}

export function ranked(contributions: Float64Array): number[] {
  return [...contributions.keys()].sort((a, b) => (contributions[b] as number) - (contributions[a] as number));
}
