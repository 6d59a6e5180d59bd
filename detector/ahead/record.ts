/** Intervals of one part, and how many parts are kept: three days of minutes. */
const PART = 60;
const PARTS = 72;
/** The newest intervals do not count: a climb that goes on does not make itself ordinary. */
const LAG = 30;

/** The highest value of the last days, those of the last half hour left out: made for a structured clone. */
export interface RecordHigh {
  /** The highest of each part, the oldest first. */
  readonly parts: number[];
  /** Values that do not count yet, the oldest first. */
  readonly waiting: number[];
  intervals: number;
}

export function createRecordHigh(): RecordHigh {
  return { parts: [], waiting: [], intervals: 0 };
}

/** Takes the value of the next interval in; NaN where there was none. */
export function extendRecord(record: RecordHigh, value: number): void {
  if (record.intervals++ % PART === 0) {
    record.parts.push(Number.NEGATIVE_INFINITY);
    if (record.parts.length > PARTS) record.parts.shift();
  }
  record.waiting.push(value);
  if (record.waiting.length <= LAG) return;
  const counted = record.waiting.shift() as number;
  if (counted > (record.parts.at(-1) as number)) record.parts[record.parts.length - 1] = counted;
}

/** The highest value that counts; minus infinity while there is none. */
export function recordOf({ parts }: RecordHigh): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...parts);
}
