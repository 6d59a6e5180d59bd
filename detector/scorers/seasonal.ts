import type { Signal } from '../../core/signal.ts';
import { noiseFloor, signalRange } from '../noise.ts';
import { median, robustSpread, SIGMA_PER_MEAN_DEVIATION } from '../robust.ts';
import { LEARNING, type Point, type Score, type Scorer } from '../scorer.ts';

const DAY_MS = 86_400_000;
/** Quarter hours of a day (UTC). */
const BINS = 96;
const BIN_MS = DAY_MS / BINS;
/** Days of one quarter hour whose medians are kept. */
const DAYS = 7;
/** Points before the first expectation; their median and spread start the level. */
const WARM_UP_POINTS = 12;
/** Fewest points that make a quarter hour's median. */
const BIN_POINTS = 10;
/** The level follows with a half-life of 60 points (10 min at the default step), the spread with 360 (1 h). */
const LEVEL_GAIN = 1 - 0.5 ** (1 / 60);
const SPREAD_GAIN = 1 - 0.5 ** (1 / 360);
/** A residual moves the level by at most 3 spreads and the spread by at most 5, so single spikes leave no trace. */
const LEVEL_CLIP = 3;
const SPREAD_CLIP = 5;

export interface SeasonalState {
  /** Values seen (gaps not counted). */
  points: number;
  /** The first values, until the level starts. */
  warmUp: number[];
  level: number;
  spread: number;
  /** The time-of-day shape that `level` was last used with; 0 where the shape is unknown. */
  shape: number;
  /** Quarter hour that is being collected (count since 1970), and its values so far. */
  bin: number;
  collected: number[];
  /** Per quarter hour of the day, newest last, at most 7: medians and spreads of past days. */
  medians: number[][];
  spreads: number[][];
  /** Medians over the days of `medians` (shrunk) and `spreads`; NaN where unknown. */
  binShape: Float64Array;
  binSpread: Float64Array;
}

/**
 * Seasonal robust baseline. With s(t) the time-of-day shape and L a level that follows slowly:
 *
 *   expected(t) = L + s(t)
 *   s(t)        = n / (n + 1/2) x median over n days of the medians of that quarter hour, linear between centres
 *   L          += gain x clip(v - s(t) - L, 3 spreads)          half-life 60 points, faster while young
 *   spread      = max(EW mean |v - expected| x 1.2533, spread of that quarter hour on earlier days, noise floor)
 *   score       = (v - expected) / spread
 *
 * Without a day of history s is 0 and the level alone speaks, so a new series has a band after 12 points. The spread
 * has a long memory, so the score is the residual in raw units up to a factor that hardly moves. Band: expected ± 3
 * spreads, cut to the values the signal can take.
 */
export function createSeasonalScorer(signal: Signal, stepSeconds: number): Scorer<SeasonalState> {
  const range = signalRange(signal);
  const clamp = (value: number) => Math.min(Math.max(value, range.min), range.max);

  function spreadAt(state: Readonly<SeasonalState>, point: Point, expected: number): number {
    const ofDay = state.binSpread[binOfDay(point.time)] as number;
    const floor = noiseFloor(signal, expected, point.volume, stepSeconds);
    return Math.max(state.spread, Number.isNaN(ofDay) ? 0 : ofDay, floor);
  }

  /** The level as it must stand for the shape at `time`: it takes over what a shape that appears or ends explained. */
  function levelFor(state: Readonly<SeasonalState>, shape: number): number {
    return (shape === 0) === (state.shape === 0) ? state.level : state.level + state.shape - shape;
  }

  function expectedAt(state: Readonly<SeasonalState>, time: number): number {
    const shape = shapeAt(state, time);
    return clamp(levelFor(state, shape) + shape);
  }

  return {
    name: 'seasonal',
    create: () => ({
      points: 0,
      warmUp: [],
      level: NaN,
      spread: NaN,
      shape: 0,
      bin: -1,
      collected: [],
      medians: Array.from({ length: BINS }, () => []),
      spreads: Array.from({ length: BINS }, () => []),
      binShape: new Float64Array(BINS).fill(NaN),
      binSpread: new Float64Array(BINS).fill(NaN),
    }),

    score(state, point): Score {
      if (Number.isNaN(state.level) || Number.isNaN(point.value)) return LEARNING;
      const expected = expectedAt(state, point.time);
      const spread = spreadAt(state, point, expected);
      return {
        ready: true,
        score: (point.value - expected) / spread,
        expected,
        lower: clamp(expected - 3 * spread),
        upper: clamp(expected + 3 * spread),
        inputs: { value: point.value, expected, spread, volume: point.volume, points: state.points },
      };
    },

    learn(state, point, trust) {
      if (Number.isNaN(point.value)) return;
      state.points++;
      if (Number.isNaN(state.level)) {
        state.warmUp.push(point.value);
        if (state.warmUp.length < WARM_UP_POINTS) return;
        state.shape = shapeAt(state, point.time);
        const level = median(state.warmUp);
        state.level = level - state.shape;
        state.spread = 1.5 * robustSpread(state.warmUp, level);
        state.warmUp = [];
        return;
      }
      const shape = shapeAt(state, point.time);
      state.level = levelFor(state, shape);
      state.shape = shape;
      const residual = point.value - clamp(state.level + shape);
      const spread = spreadAt(state, point, clamp(state.level + shape));
      const young = 1 / (state.points + 1);
      const clipped = Math.min(Math.max(residual, -LEVEL_CLIP * spread), LEVEL_CLIP * spread);
      state.level += trust * Math.max(LEVEL_GAIN, young) * clipped;
      const deviation = SIGMA_PER_MEAN_DEVIATION * Math.min(Math.abs(residual), SPREAD_CLIP * spread);
      state.spread += trust * Math.max(SPREAD_GAIN, young) * (deviation - state.spread);
      if (trust === 1) collect(state, point);
    },
  };
}

function binOfDay(time: number): number {
  return Math.floor(time / BIN_MS) % BINS;
}

/** The shape at `time`, linear between the centres of quarter hours; 0 where that quarter hour is unknown. */
function shapeAt(state: Readonly<SeasonalState>, time: number): number {
  const here = binOfDay(time);
  const own = state.binShape[here] as number;
  if (Number.isNaN(own)) return 0;
  const offset = (time % BIN_MS) / BIN_MS - 0.5;
  const neighbour = state.binShape[(here + (offset < 0 ? BINS - 1 : 1)) % BINS] as number;
  return Number.isNaN(neighbour) ? own : own + (neighbour - own) * Math.abs(offset);
}

function collect(state: SeasonalState, point: Point): void {
  const bin = Math.floor(point.time / BIN_MS);
  if (bin !== state.bin) {
    closeBin(state);
    state.bin = bin;
    state.collected = [];
  }
  state.collected.push(point.value);
}

function closeBin(state: SeasonalState): void {
  if (state.collected.length < BIN_POINTS) return;
  const index = ((state.bin % BINS) + BINS) % BINS;
  const medians = state.medians[index] as number[];
  const spreads = state.spreads[index] as number[];
  const center = median(state.collected);
  medians.push(center);
  spreads.push(robustSpread(state.collected, center));
  if (medians.length > DAYS) {
    medians.shift();
    spreads.shift();
  }
  state.binShape[index] = (medians.length / (medians.length + 0.5)) * median(medians);
  state.binSpread[index] = median(spreads);
}
