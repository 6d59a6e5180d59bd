/**
 * Where each column of a row stands and what it has done of late, in flat arrays: one row at a time, read first, learnt
 * after. A value that is not a number is left out of its column and costs the others nothing.
 *
 *   level   m += a cut(x - m, 3 s)              slow and robust: a = trust / 10,000 rows, larger while young
 *   scale   s += a (1.25 min(|x - m|, 5 s) - s) of the same length (1.25 mean deviations are a deviation of a Gaussian)
 *   recent  f += (x - f) / 6                    the last minutes
 *
 * Deviations from them are kept in the column's own units.
 */
export interface Columns {
  /** Deviation of the row's values from their levels, NaN where there is no value. */
  readonly fromLevel: Float64Array;
  /** Deviation from the recent average. */
  readonly fromRecent: Float64Array;
  /** `fromLevel` in scales, cut to 4 either way. Where there is no value the last one stands in, and fades. */
  readonly standard: Float64Array;
  /** Steps smaller than this mean nothing: a thousandth of the range that the column has had. */
  readonly floors: Float64Array;
  /** Reads a row. `fresh`: rows are missing before it, so that recent averages start again. */
  read(values: Float64Array, fresh: boolean): void;
  /** Learns the row that was read. `trust`: 1 for an ordinary row, near 0 for one that is part of an incident. */
  learn(trust: number): void;
  readonly state: readonly Float64Array[];
}

const LEVEL_ROWS = 10_000;
const RECENT_ROWS = 6;
/** Rows in which nothing is cut, because scales are not known. */
const YOUNG_ROWS = 50;
const FLOOR_SHARE = 1e-3;
const CUT = 4;
const CARRY = 0.98;

export function createColumns(count: number): Columns {
  const seen = new Float64Array(count);
  const level = new Float64Array(count);
  const scale = new Float64Array(count);
  const recent = new Float64Array(count);
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const most = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const floors = new Float64Array(count);
  const current = new Float64Array(count);
  const fromLevel = new Float64Array(count);
  const fromRecent = new Float64Array(count);
  const standard = new Float64Array(count);

  function read(values: Float64Array, fresh: boolean): void {
    for (let j = 0; j < count; j++) {
      const x = values[j] as number;
      current[j] = x;
      if (!Number.isFinite(x)) {
        current[j] = fromLevel[j] = fromRecent[j] = Number.NaN;
        standard[j] = (standard[j] as number) * CARRY;
        continue;
      }
      if (seen[j] === 0) level[j] = x;
      if (seen[j] === 0 || fresh) recent[j] = x;
      const off = x - (level[j] as number);
      fromLevel[j] = off;
      fromRecent[j] = x - (recent[j] as number);
      const unit = Math.max(scale[j] as number, floors[j] as number);
      standard[j] = off === 0 ? 0 : Math.max(-CUT, Math.min(CUT, off / unit));
    }
  }

  function learn(trust: number): void {
    for (let j = 0; j < count; j++) {
      const x = current[j] as number;
      if (Number.isNaN(x)) continue;
      const n = (seen[j] as number) + 1;
      seen[j] = n;
      const young = n < YOUNG_ROWS;
      const rate = trust * Math.max(1 / n, 1 / LEVEL_ROWS);
      const unit = Math.max(scale[j] as number, floors[j] as number);
      const off = fromLevel[j] as number;
      const cut = young ? Number.POSITIVE_INFINITY : unit;
      level[j] = (level[j] as number) + rate * Math.max(-3 * cut, Math.min(3 * cut, off));
      scale[j] = (scale[j] as number) + rate * (1.25 * Math.min(Math.abs(off), 5 * cut) - (scale[j] as number));
      recent[j] = (recent[j] as number) + (fromRecent[j] as number) * Math.max(1 / n, 1 / RECENT_ROWS);
      if (x < (least[j] as number) || x > (most[j] as number)) {
        least[j] = Math.min(least[j] as number, x);
        most[j] = Math.max(most[j] as number, x);
        floors[j] = FLOOR_SHARE * ((most[j] as number) - (least[j] as number));
      }
    }
  }

  return {
    fromLevel,
    fromRecent,
    standard,
    floors,
    read,
    learn,
    state: [seen, level, scale, recent, least, most, floors, standard],
  };
}
