import type { Millis } from '../../../core/time.ts';
import { onWeekend } from '../forecast/day-profile.ts';
import type { Chance } from './chance.ts';

const DAY: Millis = 86_400_000;

/** What the maker of one series knows: chance, and the time of each of its points. */
export interface Grid {
  readonly chance: Chance;
  readonly length: number;
  readonly start: Millis;
  readonly step: Millis;
}

/** Load over the days, around 1 and above 0: up to four harmonics of a day, a quieter or busier weekend, a busy hour. */
export function dayLoad({ chance, length, start, step }: Grid): Float64Array {
  const depth = chance.between(0.1, 0.9);
  const waves = Array.from({ length: chance.whole(1, 4) }, (_, k) => ({
    size: chance.between(0.2, 1) / (k + 1),
    phase: chance.between(0, 2 * Math.PI),
    turns: k + 1,
  }));
  const sum = waves.reduce((total, { size }) => total + size, 0);
  const weekend = chance.chance(0.6) ? chance.between(0.3, 1.1) : 1;
  const busy = chance.chance(0.3)
    ? { at: chance.between(0, 1), width: chance.between(0.01, 0.08), by: chance.between(0.3, 2) }
    : undefined;
  return Float64Array.from({ length }, (_, i) => {
    const time = start + i * step;
    const day = (time % DAY) / DAY;
    let wave = 0;
    for (const { size, phase, turns } of waves) wave += size * Math.sin(2 * Math.PI * turns * day + phase);
    let load = 1 + (depth * wave) / sum;
    if (busy && Math.abs(day - busy.at) < busy.width) load += busy.by;
    return load * (onWeekend(time) ? weekend : 1);
  });
}

/** Noise that remembers: n <- r n + sqrt(1 - r^2) e, of deviation 1; some of it heavy-tailed. */
export function colouredNoise({ chance, length }: Grid, memory: number): Float64Array {
  const heavy = chance.chance(0.3);
  const fresh = Math.sqrt(1 - memory * memory);
  let level = chance.gauss();
  return Float64Array.from({ length }, () => {
    level = memory * level + fresh * (heavy ? chance.student(4) / Math.SQRT2 : chance.gauss());
    return level;
  });
}

/** A memory of noise between none and nearly a random walk. */
export const someMemory = (chance: Chance) => (chance.chance(0.4) ? 0 : 1 - chance.logBetween(0.005, 0.9));

/** Levels that hold and shift: each holds for an exponential time of mean `hold` points. */
export function levels({ chance, length }: Grid, hold: number, next: (level: number) => number): Float64Array {
  let level = next(0);
  let left = hold * chance.exponential();
  return Float64Array.from({ length }, () => {
    if (left-- <= 0) {
      level = next(level);
      left = hold * chance.exponential();
    }
    return level;
  });
}

/** Bursts that rise at once or over a few points and fade: their height at each point, 0 between them. */
export function bursts({ chance, length }: Grid, every: number): Float64Array {
  const out = new Float64Array(length);
  const lasting = chance.logBetween(1, 60);
  for (let at = every * chance.exponential(); at < length; at += every * chance.exponential()) {
    const size = chance.logBetween(0.3, 10);
    const decay = lasting * chance.between(0.3, 2);
    const flat = chance.chance(0.4);
    const end = Math.min(length, Math.ceil(at + (flat ? decay : 5 * decay)));
    for (let i = Math.floor(at); i < end; i++)
      out[i] = (out[i] as number) + (flat ? size : size * Math.exp(-(i - at) / decay));
  }
  return out;
}
