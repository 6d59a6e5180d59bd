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
  /** Number of its regime, by window. */
  readonly regimes: readonly number[];
}

/**
 * What the course of the last values says of the highest value to come, with the errors that such a course has made: made for
 * a structured clone. All of it looks upward.
 */
export interface Trend {
  /** The newest values, one an interval, NaN where there was none; the oldest first. */
  readonly values: number[];
  /** Lines of the last intervals, the oldest first. */
  readonly lines: Line[];
  /** Mean size of the change from value to value, of `points` changes. */
  unit: number;
  points: number;
  /** Intervals for which it has been steep. */
  age: number;
  /** Counts of errors in bins, by window and regime. */
  readonly errors: readonly Float32Array[];
}

export function createTrend(): Trend {
  const errors = WINDOWS.flatMap(() => REGIMES.map((_, regime) => firstErrors(regime)));
  return { values: [], lines: [], unit: 0, points: 0, age: 0, errors };
}

/**
 * Errors a series is taken to have made before it has: a calm line's lie around nothing; a steep one mostly goes on, a
 * little less steeply, and one time in eight turns back at once (made series of climbs, bench/ahead). They weigh as much as
 * so many of its own.
 */
function firstErrors(regime: number): Float32Array {
  const weight = regime === 0 ? 10 : 30;
  const logistic = (x: number) => 1 / (1 + Math.exp(x));
  const share = (x: number) =>
    regime === 0 ? logistic(x / 0.3) : 0.88 * logistic((x + 0.1) / 0.1) + 0.12 * logistic((x + 1) / 0.1);
  const above = (bin: number) => (bin === 0 ? 1 : bin === BINS ? 0 : share((bin - REACH) * BIN));
  return Float32Array.from({ length: BINS }, (_, bin) => weight * (above(bin) - above(bin + 1)));
}

/** Takes the value of the next interval in; NaN where there was none. Lines drawn a window ago are judged by it. */
export function extendTrend(trend: Trend, value: number): void {
  const change = Math.abs(value - (trend.values.at(-1) ?? NaN));
  if (!Number.isNaN(change)) {
    trend.points++;
    trend.unit += Math.max(UNIT_GAIN, 1 / trend.points) * (change - trend.unit);
  }
  trend.values.push(value);
  if (trend.values.length > LONGEST + 1) trend.values.shift();
  for (const [w, window] of WINDOWS.entries()) {
    const line = trend.lines.at(-window);
    const most = highestOf(trend, window);
    if (line === undefined || Number.isNaN(line.level) || Number.isNaN(most)) continue;
    const errors = errorsOf(trend, line, w);
    for (let bin = 0; bin < BINS; bin++) errors[bin] = (errors[bin] as number) * (1 - 1 / MEMORY);
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(errorOf(line, window, most) / BIN) + REACH));
    errors[bin] = (errors[bin] as number) + 1;
  }
  const { level, slope } = fitLine(trend.values);
  const { unit } = trend;
  trend.age = isSteep(slope, unit, LONGEST) ? trend.age + 1 : Math.max(0, trend.age - EASING);
  const regimes = WINDOWS.map((window) => (isSteep(slope, unit, window) ? (trend.age > LONG ? 2 : 1) : 0));
  trend.lines.push({ level, slope, unit, regimes });
  if (trend.lines.length > LONGEST) trend.lines.shift();
}

/** After a pause: the course is forgotten, what it is worth is not. */
export function breakTrend(trend: Trend): void {
  trend.values.length = 0;
  trend.lines.length = 0;
  trend.age = 0;
}

/** The highest of the newest `count` values; NaN without any. */
export function highestOf({ values }: Trend, count: number): number {
  let most = NaN;
  for (let i = Math.max(0, values.length - count); i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value) && !(value <= most)) most = value;
  }
  return most;
}

/**
 * Chance, 0 to 1, that the highest value of the next `WINDOWS[w]` intervals lies above `limit`: the share of past lines of this
 * regime whose window went so far beyond them. NaN while no line can be drawn.
 */
export function trendChance(trend: Trend, w: number, limit: number): number {
  const line = trend.lines.at(-1);
  if (line === undefined || Number.isNaN(line.level)) return NaN;
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
  const line = trend.lines.at(-1);
  if (line === undefined || Number.isNaN(line.level)) return NaN;
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
  const { level, slope } = trend.lines.at(-1) ?? { level: NaN, slope: NaN };
  return slope > 0 ? Math.max(0, (limit - level) / slope) : NaN;
}

export function regimeOf(trend: Trend, w: number): (typeof REGIMES)[number] {
  return REGIMES[trend.lines.at(-1)?.regimes[w] ?? 0] as (typeof REGIMES)[number];
}

const errorsOf = (trend: Trend, line: Line, w: number) =>
  trend.errors[REGIMES.length * w + (line.regimes[w] as number)] as Float32Array;
const isSteep = (slope: number, unit: number, window: number) => slope * window > STEEP * unit * Math.sqrt(window);
const scaleOf = ({ slope, unit }: Line, window: number) =>
  Math.max(Math.abs(slope) * window + unit * Math.sqrt(window), Number.MIN_VALUE);
const errorOf = (line: Line, window: number, value: number) =>
  (value - line.level - line.slope * window) / scaleOf(line, window);

const slopes = new Float64Array((FITTED * (FITTED - 1)) / 2);
const levels = new Float64Array(FITTED);

/**
 * A robust line through the newest 15 values: the median of the slopes of all pairs (Theil 1950, Sen 1968), and the median of
 * what it leaves, at the newest one. NaN of fewer than five values.
 */
function fitLine(values: readonly number[]): { readonly level: number; readonly slope: number } {
  const first = Math.max(0, values.length - FITTED);
  let pairs = 0;
  let count = 0;
  for (let i = first; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    count++;
    for (let j = first; j < i; j++) {
      const slope = ((values[i] as number) - (values[j] as number)) / (i - j);
      if (!Number.isNaN(slope)) slopes[pairs++] = slope;
    }
  }
  if (count < LEAST) return { level: NaN, slope: NaN };
  const slope = median(slopes, pairs);
  let left = 0;
  for (let i = first; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) levels[left++] = value + slope * (values.length - 1 - i);
  }
  return { level: median(levels, left), slope };
}

function median(values: Float64Array, count: number): number {
  const sorted = values.subarray(0, count).sort();
  const half = count >> 1;
  const upper = sorted[half] as number;
  return count % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
