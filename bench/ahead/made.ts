import { seededRandom } from '../../detector/random.ts';

/** A series of one value a minute and the limit that it is watched for. */
export interface LimitedSeries {
  readonly set: string;
  readonly name: string;
  readonly half: 'A' | 'B';
  readonly start: number;
  readonly step: number;
  readonly values: Float64Array;
  readonly limit: number;
  /** Point from which on chances count. */
  readonly from: number;
}

const MINUTE = 60_000;
const DAY = 1440;
const MONDAY = Date.UTC(2026, 2, 2);

export const KINDS = ['leak', 'stopped', 'burst', 'season', 'calm', 'sawtooth'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * Lag in seconds as pipelines have it, three days of it, limit 900 s. `leak`: a calm stage whose lag climbs through the limit,
 * in 15 minutes to 4 hours; `stopped`: the climb ends on its way, at a random height, and drains; `burst`: several times a day
 * it rises within minutes and drains, mostly below the limit; `season`: it rises every day to 60 to 97 % of the limit; `calm`:
 * nothing; `sawtooth`: batches, whose age rises to 30 to 90 % of the limit again and again.
 */
export function madeSeries(kind: Kind, seed: number): LimitedSeries {
  const random = seededRandom(seed * 7919 + kind.length * 104_729 + kind.charCodeAt(0));
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const between = (a: number, b: number) => a + (b - a) * random();
  const logBetween = (a: number, b: number) => a * (b / a) ** random();
  const limit = 900;
  const length = 3 * DAY;
  const base = logBetween(0.5, 20);
  const rough = between(0.05, 0.5);
  const jitter = kind === 'calm' ? 0 : logBetween(0.005, 0.08);
  const extra = new Float64Array(length);
  const climb = (at: number, minutes: number, height: number, drain: number) => {
    for (let i = 0; i < minutes && at + i < length; i++)
      extra[at + i] = Math.max(extra[at + i] as number, (height * (i + 1)) / minutes);
    for (let i = 0; i < drain && at + minutes + i < length; i++)
      extra[at + minutes + i] = Math.max(extra[at + minutes + i] as number, height * (1 - (i + 1) / drain));
  };
  if (kind === 'leak' || kind === 'stopped') {
    for (let at = DAY + between(60, 400); at < length - 300; at += between(600, 1200)) {
      const minutes = Math.round(logBetween(15, 240));
      const height = kind === 'leak' ? limit * between(1.05, 1.5) : limit * between(0.05, 0.95);
      climb(Math.round(at), minutes, height, Math.round(minutes * between(0.1, 1)));
    }
  }
  if (kind === 'burst') {
    const most = between(0.2, 0.8);
    for (let at = between(0, 300); at < length; at += between(30, 500))
      climb(
        Math.round(at),
        Math.round(logBetween(3, 40)),
        limit * most * between(0.2, random() < 0.03 ? 2 : 1),
        Math.round(logBetween(3, 60)),
      );
  }
  const top = between(0.6, 0.97);
  const sharp = between(1, 4);
  const period = Math.round(logBetween(10, 180));
  const peak = between(0.3, 0.9);
  let noise = 0;
  let due = period;
  let age = 0;
  const values = Float64Array.from({ length }, (_, i) => {
    noise = 0.8 * noise + 0.6 * gauss();
    const own = base * Math.exp(rough * noise);
    if (kind === 'season') {
      const wave = ((1 + Math.sin((2 * Math.PI * (i - 500)) / DAY)) / 2) ** sharp;
      return Math.max(0, own + limit * top * wave * (1 + jitter * noise * 0.3));
    }
    if (kind === 'sawtooth') {
      age += (limit * peak) / period;
      if (--due <= 0) {
        due = Math.max(2, Math.round(period * (1 + 0.05 * gauss())));
        age = 0;
      }
      return own + age;
    }
    return Math.max(0, own + (extra[i] as number) * (1 + jitter * noise));
  });
  return {
    set: kind,
    name: `${kind}-${seed}`,
    half: seed % 2 === 0 ? 'A' : 'B',
    start: MONDAY,
    step: MINUTE,
    values,
    limit,
    from: DAY,
  };
}
