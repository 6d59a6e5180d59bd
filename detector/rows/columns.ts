/**
 * Where each column of a row stands and what it has done of late, in flat arrays: one row at a time, read first, learnt
 * after. A value that is not a number, or is 1e100 and more, is left out of its column and costs the others nothing.
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
  /**
   * How much of its own range a column moved, 0 to 1: the mean of both deviations over the largest distance that it has had
   * from its level, each cut to 1. What a person sees in a chart that spans the range.
   */
  readonly ofRange: Float64Array;
  /** Steps smaller than this mean nothing: a 250th of the largest distance that the column has had from its level, or its noise. */
  readonly floors: Float64Array;
  /** Steps that are nothing but noise in each column, in its own unit; 0 where nobody has said. */
  readonly noise: Float64Array;
  /** Values of the row that was read, and the scale they were put in. */
  readonly current: Float64Array;
  readonly units: Float64Array;
  /** Where each column is, and how many values it has had. */
  readonly levels: Float64Array;
  readonly seen: Float64Array;
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
const FLOOR_SHARE = 4e-3;
/** A row makes the peak four times as large at most, so that no single wild value makes a column blind; it fades over 20,000 rows. */
const PEAK_GROWTH = 4;
const PEAK_FADES = 1 - 1 / 20_000;
/** Values whose squares could not be added up are no values. */
const TOO_LARGE = 1e100;
const CUT = 4;
const CARRY = 0.98;

export function createColumns(count: number): Columns {
  const seen = new Float64Array(count);
  const level = new Float64Array(count);
  const scale = new Float64Array(count);
  const recent = new Float64Array(count);
  const peak = new Float64Array(count);
  const floors = new Float64Array(count);
  const noise = new Float64Array(count);
  const current = new Float64Array(count);
  const units = new Float64Array(count);
  const fromLevel = new Float64Array(count);
  const fromRecent = new Float64Array(count);
  const standard = new Float64Array(count);
  const ofRange = new Float64Array(count);

  function read(values: Float64Array, fresh: boolean): void {
    for (let j = 0; j < count; j++) {
      const x = values[j] as number;
      current[j] = x;
      floors[j] = Math.max(FLOOR_SHARE * (peak[j] as number), noise[j] as number);
      if (!(Math.abs(x) < TOO_LARGE)) {
        current[j] = fromLevel[j] = fromRecent[j] = Number.NaN;
        ofRange[j] = 0;
        standard[j] = (standard[j] as number) * CARRY;
        continue;
      }
      if (seen[j] === 0) level[j] = x;
      if (seen[j] === 0 || fresh) recent[j] = x;
      const off = x - (level[j] as number);
      fromLevel[j] = off;
      const lately = x - (recent[j] as number);
      fromRecent[j] = lately;
      ofRange[j] = (shareOf(off, peak[j] as number) + shareOf(lately, peak[j] as number)) / 2;
      const unit = Math.max(scale[j] as number, floors[j] as number);
      units[j] = unit;
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
      peak[j] = peakAfter(peak[j] as number, Math.abs(off));
    }
  }

  return {
    fromLevel,
    fromRecent,
    standard,
    ofRange,
    floors,
    noise,
    current,
    units,
    levels: level,
    seen,
    read,
    learn,
    state: [seen, level, scale, recent, peak, noise, standard],
  };
}

/** |off| / peak, at most 1; all of it where a column moves that never has. */
function shareOf(off: number, peak: number): number {
  const far = Math.abs(off);
  return far < peak ? far / peak : far > 0 ? 1 : 0;
}

function peakAfter(peak: number, far: number): number {
  if (far <= peak) return peak * PEAK_FADES;
  return peak === 0 ? far : Math.min(far, PEAK_GROWTH * peak);
}
