/** Intervals of one part, and how many parts are kept: three days of minutes. */
const PART = 60;
const PARTS = 72;
/** The newest intervals do not count: a climb that goes on does not make itself ordinary. */
const LAG = 30;

/** The highest value of the last days, those of the last half hour left out: made for a structured clone. */
export interface RecordHigh {
  /** The highest of each part, then the values that do not count yet: each in the place of the one that it follows on. */
  readonly highs: Float64Array;
  intervals: number;
}

export function createRecordHigh(): RecordHigh {
  return { highs: new Float64Array(PARTS + LAG).fill(Number.NEGATIVE_INFINITY), intervals: 0 };
}

/** Takes the value of the next interval in; NaN where there was none. */
export function extendRecord(record: RecordHigh, value: number): void {
  const { highs } = record;
  const n = record.intervals++;
  const part = Math.floor(n / PART) % PARTS;
  if (n % PART === 0) highs[part] = Number.NEGATIVE_INFINITY;
  const waiting = PARTS + (n % LAG);
  const counted = highs[waiting] as number;
  highs[waiting] = value;
  if (counted > (highs[part] as number)) highs[part] = counted;
}

/** The highest value that counts; minus infinity while there is none. */
export function recordOf({ highs }: RecordHigh): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let part = 0; part < PARTS; part++) most = Math.max(most, highs[part] as number);
  return most;
}
