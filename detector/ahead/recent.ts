/** The newest rows of so many numbers, one behind the other, the oldest first: made for a structured clone. */
export interface Recent {
  readonly width: number;
  readonly numbers: Float64Array;
  /** Rows there are. */
  count: number;
}

/** Room for `rows` rows of `width` numbers. */
export function createRecent(rows: number, width: number): Recent {
  return { width, numbers: new Float64Array(rows * width), count: 0 };
}

/** Begins a row of NaN, for which the oldest one goes where there is no room; its numbers begin at the place returned. */
export function extendRecent(recent: Recent): number {
  const { width, numbers } = recent;
  if (recent.count * width === numbers.length) numbers.copyWithin(0, width);
  else recent.count++;
  const at = (recent.count - 1) * width;
  numbers.fill(NaN, at, at + width);
  return at;
}

/** Where the numbers begin of the row that is `ago` rows older than the newest one; -1 where there is none. */
export function rowAt({ width, count }: Recent, ago: number): number {
  return ago < count ? (count - 1 - ago) * width : -1;
}
