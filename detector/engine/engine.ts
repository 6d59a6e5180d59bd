import type { Rung } from '../../core/rung.ts';
import type { Direction } from '../../core/signal.ts';
import type { Millis } from '../../core/time.ts';
import { createDoubts } from './doubt.ts';
import {
  COUNT,
  DRIFT_GAIN,
  FIRST_OUTSIDE,
  LOWNESS,
  NAMES,
  SPREAD,
  TAIL_SHARES,
  WEIGHTS,
  WEIGHTS_WITH_FORECAST,
} from './ensemble.ts';
import { createIntervals } from './interval.ts';
import { type Band, bandAt, createProfiles, learnProfile } from './profile.ts';
import { MOST_ODDS, paceOf, type ScoreInputs, type StreamInput, settlingOf, youthOf } from './score.ts';
import { BASELINE, createShadow, rungOf } from './shadow.ts';
import { tailsFor, UNREAD } from './sides.ts';
import type { StateArray } from './snapshot.ts';
import { createStills } from './still.ts';
import { createStreams, STREAMS } from './streams.ts';
import {
  createTails,
  fitTail,
  halveTail,
  learnTail,
  oddsAt,
  PARAMETERS,
  readTail,
  shareBeyond,
  sizeAt,
  UNITS,
} from './tails.ts';

/** Points of a stream before its tails are believed, and between two fits. */
const READY = 30;
const REFIT_POINTS = 50;
/** What a tail remembers: 60 days, within these bounds. */
const MEMORY: Millis = 60 * 86_400_000;
const LEAST_MEMORY = 15_000;
const MOST_MEMORY = 100_000;
/** Deviations below this share of the usual size of the values mean nothing. */
const FLOOR_SHARE = 1e-4;
/** Numbers from here on cannot be reckoned with in 32 bits: they are gaps, as NaN is. */
const LARGEST = 1e37;
const DAY_MS: Millis = 86_400_000;
/** The band shown: 1 in 100 points lies beyond either end of it. */
const BAND_ODDS = 2;
/** Its reach while no tail is known, in usual deviations from the short mean. */
const YOUNG_REACH = 4;
/** Its reach around an expectation that has no tail of its own, in usual misses: 1 in 100 of a normal distribution is 2.9. */
const MISS_REACH = 3;

/** What is known of a series beforehand. `noise`: deviations below it, in raw units, mean nothing. */
export interface Traits {
  readonly direction: Direction;
  readonly noise: number;
}

/** What is said of a point. Used again for the next one. */
export interface Verdict {
  /** -log10 odds that its streams agree on, see `score.ts`; 0 where nothing can be said. */
  score: number;
  /** The middle of what was expected; NaN while nothing was. */
  expected: number;
  interval: Millis;
  /** The series stands still though it never does; whatever the score, that is strange. */
  stuck: boolean;
}

/** Every number behind the score of the point judged last. */
export interface Inputs extends ScoreInputs {
  readonly value: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly score: number;
  readonly rung: Rung;
  /** Whether the network's forecasts do better than the series' own course. */
  readonly network: boolean;
}

export interface Engine {
  /**
   * Judges one value of one series, then learns it. `time` is greater than that of the series' last one. A NaN is a
   * gap (so is a number of 1e37 and more): it scores 0 and teaches nothing. `forecast` and `farForecast` are what the value
   * lies over forecasts from outside, made one step and some steps before; NaN where there is none.
   */
  judge(series: number, time: Millis, value: number, forecast?: number, farForecast?: number): Verdict;
  /** The first half of `judge`, for callers who decide by the score how much the point shall teach. */
  score(series: number, time: Millis, value: number, forecast?: number, farForecast?: number): Verdict;
  /**
   * The second half, for the point scored last: at `trust` below 1 the baselines go only that share of their way and a
   * time of day that is unknown stays so; the tails take at most `most` units of it (4: a whole point). `hold`: the point is
   * part of an incident, in which no baseline moves faster than the slow ones.
   */
  learn(trust?: number, most?: number, hold?: boolean): void;
  /** Between what values the point scored last was expected, before it is learnt; NaN where nothing is known. */
  edges(out: Band): void;
  /** The numbers behind the verdict given last. */
  inputs(): Inputs;
  /**
   * Share of ordinary points that lie as far below what was expected as the point scored last, by the tail or, where that
   * is more, by count; 1 for a point above, NaN where nothing is known.
   */
  chanceBelow(): number;
  rung(series: number): Rung;
  /** Throws for a direction that the engine was not made for. */
  setTraits(series: number, traits: Traits): void;
  /** Arrays that hold all there is to know of the series, in an order that does not change. */
  readonly state: readonly StateArray[];
}

/**
 * Judges `count` series, each by itself, in flat arrays. Where all are judged in one direction (`made`), tails of the
 * other side that nobody reads are left out: 0.44 kB less of 2.48 kB a series, and the same scores.
 */
export function createEngine(count: number, made: Direction = 'both'): Engine {
  const { places, count: kept } = tailsFor(made, NAMES);
  const profiles = createProfiles(count);
  const intervals = createIntervals(count);
  const stills = createStills(count);
  const shadow = createShadow(count);
  const tails = createTails(count * kept, 2);
  const totals = new Float32Array(count * COUNT);
  const untilFit = new Uint8Array(count * COUNT).fill(READY);
  const before = new Float32Array(count);
  const doubts = createDoubts(count);
  const directions = new Int8Array(count);
  const noise = new Float32Array(count);
  const drift = new Float32Array(count);

  const band: Band = { lower: NaN, upper: NaN };
  const verdict: Verdict = { score: 0, expected: NaN, interval: 0, stuck: false };
  const values = new Float64Array(COUNT);
  const streams = createStreams(count, values);
  const sizes = new Float64Array(COUNT);
  const odds = new Float64Array(COUNT);
  const used = new Float32Array(COUNT * PARAMETERS);
  const reached = new Float32Array(PARAMETERS);
  const ready = new Uint8Array(COUNT);
  let weights = WEIGHTS;
  /** What follows from the interval of the point scored last alone. */
  const pace = { interval: 0, adds: 0, settles: 1 };
  const last = { series: 0, time: 0, value: NaN, points: 0, before: 0, floor: 0, taught: NaN, middle: NaN, reach: NaN };

  /** The weighted quadratic mean of the odds, and what it follows from; NaN while no stream is ready. */
  function weigh(series: number, floor: number): number {
    const direction = directions[series] as number;
    const wrongWay = direction !== 0 && (last.value - verdict.expected) * direction < 0;
    const forecastAt = series * COUNT + FIRST_OUTSIDE;
    const forecast = !Number.isNaN(values[FIRST_OUTSIDE]) && (totals[forecastAt] as number) >= READY * UNITS;
    weights = forecast ? WEIGHTS_WITH_FORECAST : WEIGHTS;
    let sum = 0;
    let whole = 0;
    for (let k = 0; k < COUNT; k++) {
      const value = values[k] as number;
      const at = series * COUNT + k;
      ready[k] = 0;
      sizes[k] = 0;
      if (Number.isNaN(value) || (totals[at] as number) < READY * UNITS) continue;
      const away = Math.abs(value);
      const counts = direction === 0 || (k === SPREAD ? !wrongWay : value * direction > 0);
      const size = away > floor && counts ? away : 0;
      const to = k * PARAMETERS;
      const weight = weights[k] as number;
      ready[k] = 1;
      sizes[k] = size;
      whole += weight;
      odds[k] = 0;
      if (size === 0) continue;
      // What counts is on a side that is kept.
      const place = places[2 * k + (value > 0 ? 0 : 1)] as number;
      readTail(tails, series * kept + place, used, to);
      const said = Math.min(MOST_ODDS, oddsAt(size, used, to));
      odds[k] = said;
      sum += weight * said * said;
    }
    return whole === 0 ? NaN : Math.sqrt(sum / whole);
  }

  function learnTails(series: number, floor: number, interval: Millis, units: number): void {
    const memory = UNITS * Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, MEMORY / interval));
    for (let k = 0; k < COUNT; k++) {
      const value = values[k] as number;
      if (Number.isNaN(value)) continue;
      const at = series * COUNT + k;
      const up = places[2 * k] as number;
      const down = places[2 * k + 1] as number;
      const here = value > 0 ? up : down;
      const first = series * kept;
      const away = Math.abs(value);
      if (away > floor && here !== UNREAD) learnTail(tails, first + here, away, units);
      let total = (totals[at] as number) + units;
      if (total > memory) {
        total /= 2;
        if (up !== UNREAD) halveTail(tails, first + up);
        if (down !== UNREAD) halveTail(tails, first + down);
      }
      totals[at] = total;
      const left = (untilFit[at] as number) - 1;
      untilFit[at] = left;
      if (left > 0) continue;
      untilFit[at] = REFIT_POINTS;
      const share = TAIL_SHARES[k] as number;
      if (up !== UNREAD) fitTail(tails, first + up, total, share, floor);
      if (down !== UNREAD) fitTail(tails, first + down, total, share, floor);
    }
  }

  const rung = (series: number) =>
    rungOf(shadow, series, streams.points(series), streams.known(series) * intervals.of(series));

  /** The middle of what is expected, by what the series has earned, and how far the band reaches where that has no tails. */
  function expect(series: number, value: number, forecast: number): void {
    last.middle = streams.expected();
    last.reach = NaN;
    if (shadow.season(series)) verdict.expected = last.middle;
    else if (last.points < BASELINE && shadow.network(series) && !Number.isNaN(forecast)) {
      verdict.expected = value - forecast;
      last.reach = MISS_REACH * shadow.networkLoss(series);
    } else {
      verdict.expected = streams.plain();
      if (shadow.plainLoss(series) > 0) last.reach = MISS_REACH * shadow.plainLoss(series);
    }
  }

  /** Weighs what the series could be expected by. A season is not weighed before all hours of a day were seen. */
  function weighWays(series: number, trust: number): void {
    const { value } = last;
    const { interval } = verdict;
    const sinceFirstDay = streams.known(series) - DAY_MS / interval;
    if (sinceFirstDay > 0) {
      shadow.weighSeason(series, value - last.middle, value - streams.plain(), sinceFirstDay, interval, trust);
    }
    shadow.weighNetwork(series, values[FIRST_OUTSIDE] as number, streams.missed(), last.points, trust);
  }

  /** How far a value may lie off what is expected, to one side (0: above), for one in a hundred to lie farther. */
  function reach(series: number, side: number): number {
    if (!Number.isNaN(last.reach)) return last.reach;
    const stream = ready[0] === 1 ? 0 : STREAMS.indexOf('step');
    readTail(tails, series * kept + (places[2 * stream + side] as number), reached, 0);
    const far = sizeAt(BAND_ODDS, reached, 0);
    return Number.isNaN(far) ? YOUNG_REACH * streams.noise(series) : far;
  }

  /** The tail that stream `k` was or, where it had nothing to say, would have been judged by. */
  function tailOf(k: number): Float32Array {
    const place = places[2 * k + ((values[k] as number) > 0 ? 0 : 1)] as number;
    const to = k * PARAMETERS;
    if (place === UNREAD) used.fill(0, to, to + PARAMETERS);
    else if (sizes[k] === 0) readTail(tails, last.series * kept + place, used, to);
    return used.subarray(to, to + PARAMETERS);
  }

  function score(series: number, time: Millis, value: number, forecast = NaN, farForecast = NaN): Verdict {
    intervals.tell(series, time);
    const interval = intervals.of(series);
    last.series = series;
    last.time = time;
    last.value = value;
    last.points = streams.points(series);
    last.before = before[series] as number;
    verdict.interval = interval;
    if (!(Math.abs(value) < LARGEST)) {
      verdict.score = 0;
      verdict.expected = NaN;
      verdict.stuck = false;
      ready.fill(0);
      return verdict;
    }
    bandAt(profiles, series, time, band);
    last.taught = streams.read(series, value, band, interval);
    expect(series, value, forecast);
    verdict.stuck = stills.tell(series, value, interval);
    values[FIRST_OUTSIDE] = forecast;
    values[FIRST_OUTSIDE + 1] = drifted(series, farForecast);
    last.floor = Math.max(FLOOR_SHARE * streams.size(series), noise[series] as number);
    const mean = weigh(series, last.floor);
    if (Number.isNaN(mean)) verdict.score = 0;
    else {
      if (interval !== pace.interval) {
        pace.interval = interval;
        pace.adds = paceOf(interval);
        pace.settles = settlingOf(interval);
      }
      const raw = mean + pace.adds - youthOf(last.points);
      verdict.score = last.before + pace.settles * (raw - last.before);
      before[series] = verdict.score;
    }
    return verdict;
  }

  function learn(trust = 1, most = UNITS, hold = false): void {
    const { series, time, floor, taught } = last;
    if (!(Math.abs(last.value) < LARGEST)) return;
    if (trust < 1) streams.distrust(series, trust, hold);
    weighWays(series, trust);
    learnTails(series, floor, verdict.interval, Math.min(doubts.unitsAfter(series, last.before), most));
    learnProfile(profiles, series, time, taught, Math.max(1, 900_000 / verdict.interval), trust);
  }

  function judge(series: number, time: Millis, value: number, forecast = NaN, farForecast = NaN): Verdict {
    score(series, time, value, forecast, farForecast);
    learn();
    return verdict;
  }

  function drifted(series: number, residual: number): number {
    if (Number.isNaN(residual)) return NaN;
    const before = drift[series] as number;
    drift[series] = before + DRIFT_GAIN * (residual - before);
    return drift[series] as number;
  }

  function chanceBelow(): number {
    const k = LOWNESS.find((one) => ready[one] === 1);
    if (k === undefined) return NaN;
    const value = values[k] as number;
    if (value >= 0) return 1;
    const chance = 10 ** -(odds[k] as number);
    const place = places[2 * k + 1] as number;
    if (place === UNREAD) return chance;
    const total = totals[last.series * COUNT + k] as number;
    return Math.max(chance, shareBeyond(tails, last.series * kept + place, -value, total));
  }

  return {
    judge,
    score,
    chanceBelow,
    learn,
    edges(out) {
      out.lower = verdict.expected - reach(last.series, 1);
      out.upper = verdict.expected + reach(last.series, 0);
    },
    rung,
    inputs() {
      const said: StreamInput[] = [];
      for (let k = 0; k < COUNT; k++) {
        if (ready[k] === 0) continue;
        const [u, body, sigma, xi] = tailOf(k) as unknown as [number, number, number, number];
        said.push({
          stream: NAMES[k] as string,
          value: values[k] as number,
          size: sizes[k] as number,
          weight: weights[k] as number,
          u,
          body,
          sigma,
          xi,
          odds: odds[k] as number,
        });
      }
      const { series, value, points } = last;
      return {
        streams: said,
        interval: verdict.interval,
        points,
        before: last.before,
        value,
        expected: verdict.expected,
        lower: verdict.expected - reach(series, 1),
        upper: verdict.expected + reach(series, 0),
        score: verdict.score,
        rung: rung(series),
        network: shadow.network(series),
      };
    },
    setTraits(series, traits) {
      if (made !== 'both' && traits.direction !== made)
        throw new Error(`an engine for ${made} is told ${traits.direction}`);
      directions[series] = traits.direction === 'up' ? 1 : traits.direction === 'down' ? -1 : 0;
      noise[series] = traits.noise;
    },
    state: [
      streams.state,
      profiles.values,
      profiles.seen,
      ...intervals.state,
      ...stills.state,
      ...shadow.state,
      tails.counts,
      tails.bases,
      tails.parameters,
      totals,
      untilFit,
      before,
      doubts.state,
      directions,
      noise,
      drift,
    ],
  };
}
