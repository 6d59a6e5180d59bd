import type { Millis } from '../../../core/time.ts';
import { createChance } from './chance.ts';
import { bursts, colouredNoise, dayLoad, type Grid, levels, someMemory } from './shapes.ts';

const DAY: Millis = 86_400_000;
const STEPS: readonly Millis[] = [10_000, 60_000, 60_000, 300_000, 300_000, 600_000, 1_800_000, 3_600_000, 3_600_000];
const SPAN_DAYS = 5;
const LEAST_POINTS = 1500;
const MONDAY = Date.UTC(2024, 0, 1);

/** A series as a pipeline has them, gaps as NaN. */
export interface MadeSeries {
  readonly kind: SeriesKind;
  readonly start: Millis;
  readonly step: Millis;
  readonly values: Float64Array;
}

type Maker = (grid: Grid) => Float64Array;
const map = (source: Float64Array, value: (x: number, i: number) => number) => source.map(value);

/** Records waiting: what comes in over the days less what is taken out; bursts and slow consumers make it grow, then it drains. */
const lag: Maker = (grid) => {
  const { chance } = grid;
  const load = dayLoad(grid);
  const extra = bursts(grid, chance.logBetween(60, 2000));
  const capacity = chance.between(1.1, 2.2);
  const slow = levels(grid, chance.logBetween(100, 2000), () => (chance.chance(0.25) ? chance.between(0.3, 0.95) : 1));
  const noise = colouredNoise(grid, someMemory(chance));
  const jitter = chance.between(0.02, 0.3);
  const held = chance.between(0, 2);
  let waiting = 0;
  return map(load, (x, i) => {
    const arriving = x * Math.max(0, 1 + jitter * (noise[i] as number)) + (extra[i] as number);
    waiting = Math.max(0, waiting + arriving - capacity * (slow[i] as number));
    return Math.max(0, waiting + held * x * (1 + jitter * chance.gauss()));
  });
};

/** Records a second over days and weeks, counted in whole events or measured. */
const rate: Maker = (grid) => {
  const { chance } = grid;
  const noise = colouredNoise(grid, someMemory(chance));
  const jitter = chance.logBetween(0.005, 0.4);
  const counted = chance.chance(0.4) ? chance.logBetween(2, 3000) : 0;
  return map(dayLoad(grid), (x, i) => {
    const mean = x * Math.exp(jitter * (noise[i] as number));
    return counted === 0 ? mean : chance.poisson(counted * mean);
  });
};

/** A percentile of latency: a level with heavy tails to one side, higher under load, with hiccups. */
const percentile: Maker = (grid) => {
  const { chance } = grid;
  const load = dayLoad(grid);
  const pull = chance.chance(0.5) ? chance.between(0.1, 1.5) : 0;
  const noise = colouredNoise(grid, someMemory(chance));
  const jitter = chance.logBetween(0.02, 0.5);
  const tail = chance.logBetween(0.02, 1);
  const hiccups = bursts(grid, chance.logBetween(30, 3000));
  return map(
    load,
    (x, i) =>
      Math.exp(pull * (x - 1) + jitter * (noise[i] as number)) * (1 + tail * chance.exponential() ** 2) +
      (hiccups[i] as number),
  );
};

/** Age of the newest data: it grows with the clock and falls back when a batch arrives, on time or not. */
const freshness: Maker = (grid) => {
  const { chance } = grid;
  const period = chance.logBetween(1.5, 200);
  const jitter = chance.chance(0.5) ? chance.between(0, 0.3) : 0;
  const rest = chance.between(0, 0.3) * period;
  const noise = chance.between(0, 0.05) * period;
  let due = period * chance.between(0, 1);
  let age = period - due;
  return Float64Array.from({ length: grid.length }, () => {
    age++;
    if (--due <= 0) {
      age = rest * chance.between(0.8, 1.2);
      due = period * Math.max(0.1, 1 + jitter * chance.gauss()) * (chance.chance(0.02) ? chance.between(2, 4) : 1);
    }
    return Math.max(0, age + noise * chance.gauss());
  });
};

/** A level that deploys shift, with noise that remembers. */
const deploys: Maker = (grid) => {
  const { chance } = grid;
  const size = chance.logBetween(0.5, 15);
  const shifts = levels(grid, chance.logBetween(150, 3000), (level) =>
    chance.chance(0.6) ? level + size * chance.gauss() : size * chance.gauss(),
  );
  const noise = colouredNoise(grid, someMemory(chance));
  return map(shifts, (level, i) => level + (noise[i] as number));
};

/** Towards a limit: disks and memory that fill, are cleaned or flatten out; slopes that change. */
const trend: Maker = (grid) => {
  const { chance } = grid;
  const slopes = levels(grid, chance.logBetween(100, 3000), () => chance.between(-0.2, 1) * chance.logBetween(0.1, 3));
  const noise = colouredNoise(grid, someMemory(chance));
  const roughness = chance.logBetween(0.05, 20);
  const limit = chance.chance(0.5) ? chance.logBetween(50, 3000) : Infinity;
  const cleaned = chance.between(0, 0.6);
  const flattens = chance.chance(0.3);
  let at = 0;
  return map(slopes, (slope, i) => {
    at += flattens && Number.isFinite(limit) ? slope * Math.max(0, 1 - at / limit) : slope;
    if (at > limit && !flattens) at *= cleaned;
    return at + roughness * (noise[i] as number);
  });
};

/** A total that only grows, until its process starts again. */
const counter: Maker = (grid) => {
  const { chance } = grid;
  const load = dayLoad(grid);
  const per = chance.logBetween(0.2, 1000);
  const restart = chance.chance(0.5) ? 1 / chance.logBetween(300, 5000) : 0;
  let total = 0;
  return map(load, (x) => {
    total = chance.chance(restart) ? 0 : total + chance.poisson(per * x);
    return total;
  });
};

/** Errors, dead letters, retries: mostly nothing, now and then some. */
const sparse: Maker = (grid) => {
  const { chance } = grid;
  const mean = chance.logBetween(0.005, 1.5);
  const waves = bursts(grid, chance.logBetween(100, 3000));
  const load = chance.chance(0.5) ? dayLoad(grid) : undefined;
  return map(waves, (wave, i) => chance.poisson(mean * (load?.[i] ?? 1) + (chance.chance(0.3) ? 2 : 1) * wave));
};

/** A quiet level with jobs that spike at even distances, and some that do not. */
const spikes: Maker = (grid) => {
  const { chance } = grid;
  const period = chance.whole(3, 150);
  const lasting = chance.whole(1, Math.max(1, Math.floor(period / 4)));
  const height = chance.logBetween(2, 60);
  const noise = colouredNoise(grid, someMemory(chance));
  const stray = bursts(grid, chance.logBetween(30, 1500));
  const phase = chance.whole(0, period);
  const varies = chance.between(0, 0.4);
  return map(
    noise,
    (x, i) =>
      x + ((i + phase) % period < lasting ? height * (1 + varies * chance.gauss()) : 0) + 3 * (stray[i] as number),
  );
};

/** Utilisation: pulled back to its level, in one speed or two, sometimes in two states. */
const wandering: Maker = (grid) => {
  const { chance } = grid;
  const quick = colouredNoise(grid, someMemory(chance));
  const slow = colouredNoise(grid, 1 - chance.logBetween(0.0005, 0.02));
  const share = chance.logBetween(0.05, 5);
  const state = levels(grid, chance.logBetween(5, 400), () => (chance.chance(0.5) ? chance.between(1, 8) : 0));
  const states = chance.chance(0.3);
  return map(quick, (x, i) => x + share * (slow[i] as number) + (states ? (state[i] as number) : 0));
};

/** Cycles that keep no clock's time: collections of garbage, batches, breathing load. */
const cycles: Maker = (grid) => {
  const { chance } = grid;
  const period = chance.logBetween(4, 300);
  const size = chance.logBetween(1, 20);
  const form = chance.whole(0, 2);
  const noise = colouredNoise(grid, someMemory(chance));
  const wander = chance.between(0, 0.15);
  let phase = chance.between(0, 1);
  return map(noise, (x) => {
    phase += (1 + wander * chance.gauss()) / period;
    const part = phase % 1;
    const wave = form === 0 ? Math.sin(2 * Math.PI * phase) : form === 1 ? 2 * part - 1 : part < 0.5 ? 1 : -1;
    return size * wave + x;
  });
};

const MAKERS = {
  lag,
  rate,
  percentile,
  freshness,
  deploys,
  trend,
  counter,
  sparse,
  spikes,
  wandering,
  cycles,
} as const;
export type SeriesKind = keyof typeof MAKERS;
export const SERIES_KINDS = Object.keys(MAKERS) as readonly SeriesKind[];
/** Rates make up most of what is watched. */
const DRAWN: readonly SeriesKind[] = [
  ...SERIES_KINDS,
  'rate',
  'rate',
  'percentile',
  'wandering',
  'wandering',
  'deploys',
];

/**
 * One series like those of pipelines, the same for the same seed: its kind, its grid (10 s to 1 h), its size and unit, and what
 * befalls it (outages, spikes, a shift, rounding, missing points) are drawn. `length` points at most.
 */
export function makeSeries(seed: number, length: number): MadeSeries {
  const chance = createChance(seed);
  const kind = DRAWN[chance.whole(0, DRAWN.length - 1)] as SeriesKind;
  const step = STEPS[chance.whole(0, STEPS.length - 1)] as Millis;
  const start = MONDAY + step * chance.whole(0, (14 * DAY) / step);
  const points = Math.min(length, Math.max(LEAST_POINTS, Math.ceil((SPAN_DAYS * DAY) / step)));
  const grid: Grid = { chance, length: points, start, step };
  const values = MAKERS[kind](grid);
  befall(values, grid, kind);
  return { kind, start, step, values };
}

function befall(values: Float64Array, grid: Grid, kind: SeriesKind): void {
  const { chance, length } = grid;
  const unit = spreadOf(values);
  if (kind !== 'counter') {
    const strays = chance.chance(0.3) ? chance.logBetween(0.001, 0.02) : 0;
    const outages = chance.chance(0.2) ? chance.logBetween(0.0003, 0.003) : 0;
    for (let i = 0; i < length; i++) {
      if (chance.chance(strays)) values[i] = (values[i] as number) + unit * chance.student(2) * 4;
      if (!chance.chance(outages)) continue;
      const to = Math.min(length, i + Math.ceil(chance.logBetween(1, 60)));
      const held = chance.chance(0.5) ? 0 : (values[i] as number);
      values.fill(held, i, to);
      i = to;
    }
  }
  const size = chance.logBetween(1e-3, 1e6);
  const floor = chance.chance(0.4) ? chance.logBetween(0.1, 100) * unit : 0;
  const rounding = chance.chance(0.3) ? unit * chance.logBetween(0.01, 1) : 0;
  for (let i = 0; i < length; i++) {
    const raw = (values[i] as number) + floor;
    values[i] = size * (rounding > 0 ? Math.round(raw / rounding) * rounding : raw);
  }
  const missing = chance.chance(0.2) ? chance.logBetween(0.001, 0.05) : 0;
  for (let i = 1; i < length; i++) {
    if (chance.chance(missing)) values.fill(NaN, i, Math.min(length, i + Math.ceil(chance.logBetween(1, 8))));
  }
}

function spreadOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const at = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] as number;
  return Math.max(at(0.9) - at(0.1), (at(0.995) - at(0.005)) / 10, 1e-9) / 2.56;
}
