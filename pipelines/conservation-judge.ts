import {
  type Counts,
  clipOf,
  type Forecast,
  LENGTHS,
  LONGEST_BY_WINDOW,
  type Noise,
  windowVariance,
} from './conservation-noise.ts';

/**
 * Whether records that left one checkpoint are missing at another: a sequential test over the last windows, at several lengths at once
 * (a window-limited generalized likelihood ratio test, Lai 1995). Of each length the missing records are divided by what they vary by
 * when nothing is wrong, and beyond `SIGMAS` that is a drop. Large losses show in the shortest length and small ones in the longest.
 *
 * With windows that vary as learnt, a length's test is wrong with 2e-8 a time (one side of a normal at 5.5). Of the 60 480 windows of
 * a week about 60 480 * 3 / length stand for tests of their own, 115 000 over all lengths: 0.002 false alarms for an edge and week.
 */
export const SIGMAS = 5.5;

export interface Settled extends Counts {
  /** Minutes that settled, for the lengths beyond an hour: those that were learnt from. */
  readonly minutes: Counts;
  /** Minutes that have passed from their end to that of the windows. */
  readonly passed: number;
  /** The share of a window's records that are expected to have arrived by now, 0..1, by window. */
  readonly complete: Float64Array;
}

/** What the judged windows say; shares are of the expected records. */
export interface Evidence {
  /** Windows of ten seconds it rests on, the newest ones. */
  readonly length: number;
  readonly sent: number;
  readonly reached: number;
  readonly ratio: number;
  readonly missing: number;
  readonly sigmas: number;
}

export interface Judged {
  readonly verdict: 'conserved' | 'dropping' | 'surplus';
  readonly evidence: Evidence;
  /** The smallest share that would be noticed at the present volume within three hours. */
  readonly detectable: number;
  /** Windows that a lasting drop of a share takes to be noticed on average; NaN when three hours do not do. */
  windowsFor(share: number): number;
}

interface Stretch extends Evidence {
  /** One sigma of the missing records. */
  readonly sigma: number;
  readonly rho: number;
  readonly expected: number;
}

/**
 * Judges settled windows, oldest first. `before` is the verdict of the round before, and `height` the largest share that the present
 * drop has been known to take: a drop holds on until the newest windows that would show one of its height no longer do. Undefined when
 * nothing was sent or no length can be judged.
 */
export function judgeConservation(
  windows: Settled,
  noise: Noise,
  before: 'conserved' | 'dropping' | 'surplus' = 'conserved',
  height = Number.NaN,
): Judged | undefined {
  const stretches = stretchesOf(windows, noise);
  const [first] = stretches;
  const widest = stretches.at(-1);
  if (first === undefined || widest === undefined || !(widest.expected > 0)) return undefined;
  const worst = stretches.reduce((most, one) => (one.sigmas > most.sigmas ? one : most));
  const least = stretches.reduce((most, one) => (one.sigmas < most.sigmas ? one : most));
  // The shortest stretch that would show a drop of this size by itself says whether it goes on: once it is over, long stretches thin it.
  const share = before === 'dropping' && height > worst.missing ? height : worst.missing;
  const recent =
    stretches.find(
      (one) => one.expected > 0 && share * one.expected >= SIGMAS * one.sigma && one.length <= worst.length,
    ) ?? worst;
  const raised = worst.sigmas >= SIGMAS && recent.sigmas >= SIGMAS / 2;
  const held = before === 'dropping' && worst.sigmas >= SIGMAS / 2 && recent.sigmas >= SIGMAS / 3;
  const verdict = raised || held ? 'dropping' : least.sigmas <= -SIGMAS ? 'surplus' : 'conserved';
  const shown = verdict === 'dropping' ? worst : verdict === 'surplus' ? least : widest;
  const { sigma: _sigma, rho: _rho, expected: _expected, ...evidence } = shown;
  return {
    verdict,
    evidence,
    detectable: Math.min(
      ...stretches.filter((one) => one.expected > 0).map((one) => (SIGMAS * one.sigma) / one.expected),
    ),
    windowsFor: (share) => windowsFor(share, stretches, noise),
  };
}

function stretchesOf({ sent, reached, complete, minutes, passed }: Settled, noise: Noise): Stretch[] {
  const forecasts = noise.forecasts[Math.min(noise.forecasts.length - 1, Math.max(0, passed))] ?? [];
  const all = { sent, reached, complete, noise, forecasts };
  const long = { ...minutes, complete: undefined, noise, forecasts: noise.forecasts[0] ?? [] };
  return [
    ...summed(
      all,
      1,
      LENGTHS.filter((length) => length <= LONGEST_BY_WINDOW),
    ),
    ...summed(
      long,
      6,
      LENGTHS.filter((length) => length > LONGEST_BY_WINDOW),
    ),
  ];
}

interface Column extends Counts {
  /** Undefined where everything is there. */
  readonly complete: Float64Array | undefined;
  readonly noise: Noise;
  readonly forecasts: readonly (Forecast | undefined)[];
}

/** Sums of the newest intervals, of `each` windows, for each of the lengths (ascending) that there are enough of. */
function summed(
  { sent, reached, complete, noise, forecasts }: Column,
  each: number,
  lengths: readonly number[],
): Stretch[] {
  const stretches: Stretch[] = [];
  const base = forecasts.find((forecast) => forecast !== undefined);
  if (base === undefined) return stretches;
  let [n, m, kept, due, open, variance] = [0, 0, 0, 0, 0, 0];
  let next = 0;
  for (let back = 1; back <= sent.length && next < lengths.length; back++) {
    const i = sent.length - back;
    const [s, r, share] = [sent[i] as number, reached[i] as number, complete?.[i] ?? 1];
    const own = each * windowVariance(noise, s / each);
    const usual = base.ratio * s * share;
    const allowed = clipOf(own, base.rho, usual);
    n += s;
    m += r;
    kept += Math.min(Math.max(r, usual - allowed), usual + allowed);
    due += s * share;
    open += s * (1 - share);
    variance += own;
    const length = lengths[next] as number;
    if (back * each !== length) continue;
    next++;
    const forecast = forecasts[LENGTHS.indexOf(length as never)];
    if (forecast === undefined) continue;
    const { ratio, rho } = forecast;
    const expected = ratio * due;
    // What is still on its way is known to half of itself.
    const sigma = Math.sqrt(variance + (rho * expected) ** 2 + (0.5 * ratio * open) ** 2);
    const missing = expected > 0 ? 1 - m / expected : 0;
    stretches.push({
      length,
      sent: n,
      reached: m,
      ratio,
      missing,
      sigmas: (expected - kept) / sigma,
      sigma,
      rho,
      expected,
    });
  }
  return stretches;
}

/** How many windows of a drop of `share` some stretch needs to hold before it stands out. */
function windowsFor(share: number, stretches: readonly Stretch[], noise: Noise): number {
  let fewest = Number.NaN;
  for (const { length, expected, sigma, sent, rho } of stretches) {
    const each = Math.min(
      (share * expected) / length,
      clipOf(windowVariance(noise, sent / length), rho, expected / length),
    );
    const needed = (SIGMAS * sigma) / each;
    if (needed <= length && !(needed >= fewest)) fewest = Math.max(1, needed);
  }
  return fewest;
}
