/**
 * What is known of the counts of two checkpoints, and how much they vary when nothing is wrong.
 *
 * Of `n` records that left one checkpoint, `ratio * n` are expected at the other, give or take: counts vary by themselves
 * (`phi` for each record), a window's ratio varies (`tau`, a share), and a stretch of minutes departs from what the minutes before it
 * foretold (`rho`, a share, learnt for each length by foretelling the past). All scales are robust: medians and quantiles, so that a
 * restart or a rebalance now and then neither widens nor shifts what counts as usual.
 */
export interface Counts {
  /** Records by interval, oldest first; 0 where nothing was counted or where the interval must not be learnt from. */
  readonly sent: Float64Array;
  readonly reached: Float64Array;
}

/** Windows of ten seconds that are summed up and judged together; those beyond an hour are summed up by minute. */
export const LENGTHS = [3, 6, 12, 30, 60, 180, 360, 1080] as const;
export const LONGEST_BY_WINDOW = 360;
/** Minutes of the past that a ratio may be taken from. */
const REFERENCES = [10, 60, 360, 1440] as const;
const DAY_MINUTES = 1440;
/** Of yesterday at least so many minutes are taken together. */
const LEAST_YESTERDAY = 10;
const LEAST_REFERENCE = 10;
/** A forecast is used for so many minutes after what it was made from, and is tried on the past like that. */
export const RELEARN_MINUTES = 5;
const LEAST_BLOCKS = 8;
const SEGMENT_MINUTES = 30;
const SEGMENT_WINDOWS = 180;
/** Counts of two programs are not trusted to agree better than this, as a share. */
const LEAST_RHO = 5e-5;
/** Counts are whole: half a record is no news. */
const ROUNDING = 0.25;
/** Residuals count up to so many of their own sigmas, so that one or two bad windows are not taken for a lasting loss, and three are. */
const CLIP = 4;
const CLIP_RHO = 6;

/** The ratio that is foretold for a stretch, with the share by which it may be off (one sigma). */
export interface Forecast {
  readonly ratio: number;
  readonly rho: number;
}

export interface Noise {
  readonly phi: number;
  readonly tau: number;
  /**
   * By the minutes that have passed since the end of what was learnt from (0 to `RELEARN_MINUTES`), and by the lengths of `LENGTHS`;
   * undefined where the past is too short to say.
   */
  readonly forecasts: readonly (readonly (Forecast | undefined)[])[];
}

/**
 * Learns from minutes (up to a day, ending where what is judged may begin to be learnt from) and from windows of ten seconds
 * (an hour or two). Undefined while there is too little of either. A forecast is for the last `LENGTHS[i]` windows up to so
 * many minutes after the end of the minutes; no stretch is part of its own reference.
 */
export function learnNoise(minutes: Counts, windows: Counts): Noise | undefined {
  const spread = windowSpread(windows);
  if (spread === undefined) return undefined;
  const clean = cleanMinutes(minutes, spread.phi, spread.tau);
  const sums = prefixSums(clean);
  const found = LENGTHS.map((length) => forecastsOf(sums, Math.max(1, length / 6), spread));
  if (found[0] === undefined) return undefined;
  const forecasts = Array.from({ length: RELEARN_MINUTES + 1 }, (_item, passed) => found.map((one) => one?.[passed]));
  return { ...spread, forecasts };
}

/** Variance of the records that reach, of `sent` ones in one window or several that were alike. */
export function windowVariance({ phi, tau }: Spread, sent: number): number {
  return ROUNDING + phi * sent + (tau * sent) ** 2;
}

/** How far off a window counts: by its own variance, and by how far its ratio may be off, which windows share. */
export function clipOf(variance: number, rho: number, expected: number): number {
  return Math.sqrt(CLIP ** 2 * variance + (CLIP_RHO * rho * expected) ** 2);
}

/** The scale of a list around nothing: robust, and not smaller than what its larger values say. */
export function robustScale(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sizes = Float64Array.from(values, Math.abs).sort();
  const at = (q: number) => sizes[Math.min(sizes.length - 1, Math.floor(q * sizes.length))] as number;
  // Quantiles of |x| of a standard normal: 0.6745 at a half, 1.645 at 0.9, 2.326 at 0.98.
  const tail = sizes.length >= 50 ? at(0.98) / 2.326 : 0;
  return Math.max(at(0.5) / 0.6745, at(0.9) / 1.645, tail);
}

/** Records that reached for each that was sent, without the tenth of the intervals that fit it least. */
function trimmedRatio({ sent, reached }: Counts, from: number, to: number): number {
  let ratio = pooledRatio(sent, reached, from, to, Number.POSITIVE_INFINITY, 0);
  for (let pass = 0; pass < 2 && !Number.isNaN(ratio); pass++) {
    const off: number[] = [];
    for (let i = from; i < to; i++)
      if ((sent[i] as number) > 0)
        off.push(Math.abs((reached[i] as number) - ratio * (sent[i] as number)) / Math.sqrt(sent[i] as number));
    const sizes = Float64Array.from(off).sort();
    ratio = pooledRatio(sent, reached, from, to, sizes[Math.ceil(sizes.length * 0.9) - 1] as number, ratio);
  }
  return ratio;
}

/** Of the intervals that are no further off a ratio than `most`, in roots of their records. */
function pooledRatio(sent: Float64Array, reached: Float64Array, from: number, to: number, most: number, ratio: number) {
  let [n, m] = [0, 0];
  for (let i = from; i < to; i++) {
    const s = sent[i] as number;
    const r = reached[i] as number;
    if (s <= 0 || Math.abs(r - ratio * s) / Math.sqrt(s) > most) continue;
    n += s;
    m += r;
  }
  return n > 0 ? m / n : Number.NaN;
}

/** How windows vary around the ratio of their half hour. */
function windowSpread(windows: Counts): Spread | undefined {
  const residuals: { n: number; e: number }[] = [];
  for (const [from, to] of segments(windows.sent.length, SEGMENT_WINDOWS)) {
    const ratio = trimmedRatio(windows, from, to);
    for (let i = from; i < to; i++) {
      const n = windows.sent[i] as number;
      if (n > 0) residuals.push({ n, e: (windows.reached[i] as number) - ratio * n });
    }
  }
  if (residuals.length < 6 * LEAST_BLOCKS) return undefined;
  residuals.sort((a, b) => a.n - b.n);
  const half = residuals.length >> 1;
  const [low, high] = [residuals.slice(0, half), residuals.slice(half)];
  const variance = (list: typeof residuals) =>
    Math.max(0, robustScale(list.map(({ n, e }) => e / Math.sqrt(n))) ** 2 - ROUNDING / mean(list));
  const mean = (list: typeof residuals) => list.reduce((sum, { n }) => sum + n, 0) / list.length;
  const [few, many] = [variance(low), variance(high)];
  if (many <= 1.3 * few) return { phi: Math.max(few, many), tau: 0 };
  // Where busy windows vary more for each record than quiet ones, it is the ratio that varies.
  const tau2 = (many - few) / Math.max(1, mean(high) - mean(low));
  return { phi: Math.max(0, few - tau2 * mean(low)), tau: Math.sqrt(tau2) };
}

/** Whole segments, counted from the newest; what is left at the beginning joins the oldest. */
function segments(length: number, size: number): [from: number, to: number][] {
  const count = Math.max(1, Math.floor(length / size));
  return Array.from({ length: count }, (_item, i) => [
    i === count - 1 ? 0 : length - (i + 1) * size,
    length - i * size,
  ]);
}

/** Minutes with what is beyond reason brought back to the edge of it. */
function cleanMinutes(minutes: Counts, phi: number, tau: number): Counts {
  const reached = minutes.reached.slice();
  for (const [from, to] of segments(reached.length, SEGMENT_MINUTES)) {
    const ratio = trimmedRatio(minutes, from, to);
    const off: number[] = [];
    for (let i = from; i < to; i++) {
      const n = minutes.sent[i] as number;
      if (n > 0)
        off.push(((minutes.reached[i] as number) - ratio * n) / Math.sqrt(6 * windowVariance({ phi, tau }, n / 6)));
    }
    const wide = CLIP * Math.max(1, robustScale(off));
    for (let i = from; i < to; i++) {
      const n = minutes.sent[i] as number;
      const allowed = wide * Math.sqrt(6 * windowVariance({ phi, tau }, n / 6));
      reached[i] = n > 0 ? Math.min(Math.max(reached[i] as number, ratio * n - allowed), ratio * n + allowed) : 0;
    }
  }
  return { sent: minutes.sent, reached };
}

type Spread = Pick<Noise, 'phi' | 'tau'>;

interface Sums {
  readonly length: number;
  /** Sums up to each index: records sent, their squares by minute, records reached, minutes with records. */
  readonly sent: Float64Array;
  readonly squares: Float64Array;
  readonly reached: Float64Array;
  readonly used: Float64Array;
}

function prefixSums({ sent, reached }: Counts): Sums {
  const { length } = sent;
  const sums = {
    length,
    sent: new Float64Array(length + 1),
    squares: new Float64Array(length + 1),
    reached: new Float64Array(length + 1),
    used: new Float64Array(length + 1),
  };
  for (let i = 0; i < length; i++) {
    const n = sent[i] as number;
    sums.sent[i + 1] = (sums.sent[i] as number) + n;
    sums.squares[i + 1] = (sums.squares[i] as number) + n * n;
    sums.reached[i + 1] = (sums.reached[i] as number) + (reached[i] as number);
    sums.used[i + 1] = (sums.used[i] as number) + (n > 0 ? 1 : 0);
  }
  return sums;
}

const between = (column: Float64Array, from: number, to: number) =>
  (column[to] as number) - (column[Math.max(0, from)] as number);

/** Variance of a share of the expected, as windows alone make it, over the minutes of [from, to). */
function shareVariance(
  sums: Sums,
  from: number,
  to: number,
  ratio: number,
  { phi, tau }: { phi: number; tau: number },
) {
  const n = between(sums.sent, from, to);
  // Six windows of a minute hold a sixth of its records each.
  const variance =
    6 * ROUNDING * between(sums.used, from, to) + phi * n + (tau ** 2 * between(sums.squares, from, to)) / 6;
  return variance / (ratio * n) ** 2;
}

/** A way to foretell a ratio: from so many minutes before, and by how it changed at the same time yesterday or not. */
interface Method {
  readonly reference: number;
  readonly seasonal: boolean;
}

const METHODS: readonly Method[] = [
  ...REFERENCES.map((reference) => ({ reference, seasonal: false })),
  ...REFERENCES.filter((reference) => reference < DAY_MINUTES).map((reference) => ({ reference, seasonal: true })),
];

/**
 * The method that foretold stretches of `length` minutes best, what it says for the stretches that end now and in each of the minutes to
 * come, and how far off it was beyond what windows explain: each stretch of the past, one after the other, is foretold from what
 * was known `RELEARN_MINUTES` before it began.
 */
function forecastsOf(sums: Sums, length: number, spread: Spread): (Forecast | undefined)[] | undefined {
  let best: (Forecast | undefined)[] | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const method of METHODS) {
    const off: number[] = [];
    const explained: number[] = [];
    for (let end = sums.length; end - length - RELEARN_MINUTES - LEAST_REFERENCE >= 0; end -= length) {
      const from = end - length;
      const told = foretell(sums, { from, end, known: from - RELEARN_MINUTES }, method, spread);
      if (told === undefined || between(sums.used, from, end) < length) continue;
      off.push(1 - between(sums.reached, from, end) / (told.ratio * between(sums.sent, from, end)));
      explained.push(told.variance + shareVariance(sums, from, end, told.ratio, spread));
    }
    if (off.length < LEAST_BLOCKS) continue;
    const beyond = Math.max(0, (robustScale(off) * (1 + 4 / off.length)) ** 2 - median(explained));
    const forecasts = Array.from({ length: RELEARN_MINUTES + 1 }, (_item, passed) => {
      const [from, end] = [sums.length - length + passed, sums.length + passed];
      const told = foretell(sums, { from, end, known: Math.min(sums.length - length, from) }, method, spread);
      return told && { ratio: told.ratio, rho: Math.sqrt(beyond + told.variance + LEAST_RHO ** 2) };
    });
    const rho = forecasts[0]?.rho ?? Number.POSITIVE_INFINITY;
    if (rho < least) [best, least] = [forecasts, rho];
  }
  return best;
}

interface Stretch {
  readonly from: number;
  readonly end: number;
  /** End of what may be looked at. */
  readonly known: number;
}

/** The ratio foretold for a stretch of minutes, and the variance of it as windows alone make it, as a share. */
function foretell(sums: Sums, { from, end, known }: Stretch, { reference, seasonal }: Method, spread: Spread) {
  const now = pooled(sums, known - reference, known, spread);
  if (now === undefined || !seasonal) return now;
  const pad = Math.max(0, Math.ceil((LEAST_YESTERDAY - (end - from)) / 2));
  const then = pooled(sums, from - pad - DAY_MINUTES, end + pad - DAY_MINUTES, spread);
  const before = pooled(sums, known - reference - DAY_MINUTES, known - DAY_MINUTES, spread);
  if (then === undefined || before === undefined) return undefined;
  return { ratio: (now.ratio * then.ratio) / before.ratio, variance: now.variance + then.variance + before.variance };
}

function pooled(sums: Sums, from: number, end: number, spread: Spread) {
  if (end > sums.length || end <= 0 || between(sums.used, from, end) < LEAST_REFERENCE) return undefined;
  const ratio = between(sums.reached, from, end) / between(sums.sent, from, end);
  return ratio > 0 ? { ratio, variance: shareVariance(sums, from, end, ratio, spread) } : undefined;
}

function median(values: readonly number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? 0;
}
