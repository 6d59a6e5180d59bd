import { createRecent, extendRecent, type Recent, rowAt } from './recent.ts';

/** Intervals ahead whose highest value is foretold. */
export const WINDOWS = [15, 30] as const;
const LONGEST = 30;
/** Newest values that a line is fitted to, and the fewest. */
const FITTED = 15;
const LEAST = 5;
/** Errors are counted in bins of this width, as many to either side of 0; the outer ones hold what lies beyond, too. */
const BIN = 0.1;
const REACH = 25;
const BINS = 2 * REACH;
/** Intervals over which a counted error fades to a third. */
const MEMORY = 4320;
/** A line is steep when it rises by this many times the wandering to be expected in a window. */
const STEEP = 1.5;
/** Intervals after which a climb is a long one; each interval that is not steep takes some back. */
const LONG = 20;
const EASING = 5;
const UNIT_GAIN = 1 / 60;

/** What a line was when it was drawn; errors of lines of one regime are counted together. */
export const REGIMES = ['calm', 'steep', 'long'] as const;

interface Line {
  /** The robust level at its newest point, and the rise an interval; NaN while there are too few values. */
  readonly level: number;
  readonly slope: number;
  readonly unit: number;
  /** Numbers of its regimes by window, as the digits of one number, the first window's last. */
  readonly regimes: number;
}

/** A row of the course: a value and the line that was drawn with it. */
const VALUE = 0;
const LEVEL = 1;
const SLOPE = 2;
const UNIT = 3;
const REGIME = 4;
const ROW = 5;

/**
 * What the course of the last values says of the highest value to come, with the errors that such a course has made: made for
 * a structured clone. All of it looks upward.
 */
export interface Trend {
  /** Values of the last intervals (NaN where there was none) with their lines, as many as the longest window needs. */
  readonly course: Recent;
  /** Mean size of the change from value to value, of `points` changes. */
  unit: number;
  points: number;
  /** Intervals for which it has been steep. */
  age: number;
  /** Counts of errors by window, regime and bin. */
  readonly errors: Float32Array;
}

export function createTrend(): Trend {
  return { course: createRecent(LONGEST + 1, ROW), unit: 0, points: 0, age: 0, errors: FIRST_ERRORS.slice() };
}

/**
 * Errors a series is taken to have made before it has: a calm line's lie around nothing; a steep one mostly goes on, a
 * little less steeply, and one time in eight turns back at once (made series of climbs, bench/ahead). They weigh as much as
 * so many of its own.
 */
function firstErrors(regime: number): number[] {
  const weight = regime === 0 ? 10 : 30;
  const logistic = (x: number) => 1 / (1 + Math.exp(x));
  const share = (x: number) =>
    regime === 0 ? logistic(x / 0.3) : 0.88 * logistic((x + 0.1) / 0.1) + 0.12 * logistic((x + 1) / 0.1);
  const above = (bin: number) => (bin === 0 ? 1 : bin === BINS ? 0 : share((bin - REACH) * BIN));
  return Array.from({ length: BINS }, (_, bin) => weight * (above(bin) - above(bin + 1)));
}

const FIRST_ERRORS = Float32Array.from(WINDOWS.flatMap(() => REGIMES.flatMap((_, regime) => firstErrors(regime))));

/** Takes the value of the next interval in; NaN where there was none. Lines drawn a window ago are judged by it. */
export function extendTrend(trend: Trend, value: number): void {
  const { course, errors } = trend;
  const change = Math.abs(value - newestOf(trend));
  if (!Number.isNaN(change)) {
    trend.points++;
    trend.unit += Math.max(UNIT_GAIN, 1 / trend.points) * (change - trend.unit);
  }
  const at = extendRecent(course);
  course.numbers[at + VALUE] = value;
  for (const [w, window] of WINDOWS.entries()) {
    const line = lineAt(trend, window);
    const most = highestOf(trend, window);
    if (line === undefined || Number.isNaN(most)) continue;
    const first = errorsAt(line, w);
    for (let i = first; i < first + BINS; i++) errors[i] = (errors[i] as number) * (1 - 1 / MEMORY);
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(errorOf(line, window, most) / BIN) + REACH));
    errors[first + bin] = (errors[first + bin] as number) + 1;
  }
  const { level, slope } = fitLine(trend);
  const { unit } = trend;
  trend.age = isSteep(slope, unit, LONGEST) ? trend.age + 1 : Math.max(0, trend.age - EASING);
  let regimes = 0;
  for (const [w, window] of WINDOWS.entries()) {
    const regime = isSteep(slope, unit, window) ? (trend.age > LONG ? 2 : 1) : 0;
    regimes += regime * REGIMES.length ** w;
  }
  course.numbers[at + LEVEL] = level;
  course.numbers[at + SLOPE] = slope;
  course.numbers[at + UNIT] = unit;
  course.numbers[at + REGIME] = regimes;
}

/** After a pause: the course is forgotten, what it is worth is not. */
export function breakTrend(trend: Trend): void {
  trend.course.count = 0;
  trend.age = 0;
}

/** The value `ago` intervals before the newest; NaN where there was none. */
function valueAt({ course }: Trend, ago: number): number {
  const at = rowAt(course, ago);
  return at < 0 ? NaN : (course.numbers[at + VALUE] as number);
}

export const newestOf = (trend: Trend) => valueAt(trend, 0);

/** The newest values, NaN where there was none; the oldest first. */
export function valuesOf(trend: Trend): number[] {
  const { count } = trend.course;
  return Array.from({ length: count }, (_, i) => valueAt(trend, count - 1 - i));
}

/** The line drawn `ago` intervals before the newest value; undefined where none was. */
function lineAt({ course }: Trend, ago: number): Line | undefined {
  const at = rowAt(course, ago);
  const level = at < 0 ? NaN : (course.numbers[at + LEVEL] as number);
  if (Number.isNaN(level)) return undefined;
  const [slope, unit, regimes] = course.numbers.subarray(at + SLOPE, at + ROW) as unknown as [number, number, number];
  return { level, slope, unit, regimes };
}

/** The highest of the newest `count` values; NaN without any. */
export function highestOf(trend: Trend, count: number): number {
  let most = NaN;
  for (let ago = Math.min(count, trend.course.count) - 1; ago >= 0; ago--) {
    const value = valueAt(trend, ago);
    if (!Number.isNaN(value) && !(value <= most)) most = value;
  }
  return most;
}

/**
 * Chance, 0 to 1, that the highest value of the next `WINDOWS[w]` intervals lies above `limit`: the share of past lines of this
 * regime whose window went so far beyond them. NaN while no line can be drawn.
 */
export function trendChance(trend: Trend, w: number, limit: number): number {
  const line = lineAt(trend, 0);
  if (line === undefined) return NaN;
  const place = errorOf(line, WINDOWS[w] as number, limit) / BIN + REACH;
  const errors = errorsOf(trend, line, w);
  let all = 0;
  let above = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const count = errors[bin] as number;
    all += count;
    if (bin < BINS - 1) above += count * Math.min(1, Math.max(0, bin + 1 - place));
  }
  // The last bin is open, and nothing is known of how it is spread: it thins out with the square of the distance.
  const within = place <= BINS - 1 ? 1 : ((REACH - 1) / (place - REACH)) ** 2;
  return (above + within * (errors[BINS - 1] as number)) / all;
}

/** The value that the highest one of the next `WINDOWS[w]` intervals stays below with chance `q`. */
export function trendQuantile(trend: Trend, w: number, q: number): number {
  const line = lineAt(trend, 0);
  if (line === undefined) return NaN;
  const errors = errorsOf(trend, line, w);
  let all = 0;
  for (const count of errors) all += count;
  let below = q * all;
  let bin = 0;
  while (bin < BINS - 1 && below > (errors[bin] as number)) below -= errors[bin++] as number;
  const error = (bin + Math.min(1, below / Math.max(errors[bin] as number, 1e-9)) - REACH) * BIN;
  const window = WINDOWS[w] as number;
  return line.level + line.slope * window + error * scaleOf(line, window);
}

/** Intervals until the line of the newest values reaches `limit`; NaN where it does not rise. */
export function intervalsTo(trend: Trend, limit: number): number {
  const { level, slope } = lineAt(trend, 0) ?? { level: NaN, slope: NaN };
  return slope > 0 ? Math.max(0, (limit - level) / slope) : NaN;
}

export function regimeOf(trend: Trend, w: number): (typeof REGIMES)[number] {
  const line = lineAt(trend, 0);
  return REGIMES[line === undefined ? 0 : regimeIn(line, w)] as (typeof REGIMES)[number];
}

const regimeIn = ({ regimes }: Line, w: number) => Math.floor(regimes / REGIMES.length ** w) % REGIMES.length;
/** Where the errors begin of lines of the same regime. */
const errorsAt = (line: Line, w: number) => BINS * (REGIMES.length * w + regimeIn(line, w));
function errorsOf({ errors }: Trend, line: Line, w: number): Float32Array {
  const first = errorsAt(line, w);
  return errors.subarray(first, first + BINS);
}
const isSteep = (slope: number, unit: number, window: number) => slope * window > STEEP * unit * Math.sqrt(window);
const scaleOf = ({ slope, unit }: Line, window: number) =>
  Math.max(Math.abs(slope) * window + unit * Math.sqrt(window), Number.MIN_VALUE);
const errorOf = (line: Line, window: number, value: number) =>
  (value - line.level - line.slope * window) / scaleOf(line, window);

const fitted = new Float64Array(FITTED);
const slopes = new Float64Array((FITTED * (FITTED - 1)) / 2);
const levels = new Float64Array(FITTED);

/**
 * A robust line through the newest 15 values: the median of the slopes of all pairs (Theil 1950, Sen 1968), and the median of
 * what it leaves, at the newest one. NaN of fewer than five values.
 */
function fitLine(trend: Trend): { readonly level: number; readonly slope: number } {
  const length = Math.min(FITTED, trend.course.count);
  for (let i = 0; i < length; i++) fitted[i] = valueAt(trend, length - 1 - i);
  let pairs = 0;
  let count = 0;
  for (let i = 0; i < length; i++) {
    if (Number.isNaN(fitted[i])) continue;
    count++;
    for (let j = 0; j < i; j++) {
      const slope = ((fitted[i] as number) - (fitted[j] as number)) / (i - j);
      if (!Number.isNaN(slope)) slopes[pairs++] = slope;
    }
  }
  if (count < LEAST) return { level: NaN, slope: NaN };
  const slope = median(slopes, pairs);
  let left = 0;
  for (let i = 0; i < length; i++) {
    const value = fitted[i] as number;
    if (!Number.isNaN(value)) levels[left++] = value + slope * (length - 1 - i);
  }
  return { level: median(levels, left), slope };
}

function median(values: Float64Array, count: number): number {
  const sorted = values.subarray(0, count).sort();
  const half = count >> 1;
  const upper = sorted[half] as number;
  return count % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
