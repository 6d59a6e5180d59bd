import { seededRandom } from '../../../detector/random.ts';

/** A made series with what is wrong in it. */
export interface LabelledSeries {
  readonly name: string;
  /** Distance of the values in milliseconds, from the first second of a Monday on. */
  readonly interval: number;
  readonly values: Float64Array;
  /** 1 where something is wrong. */
  readonly label: Uint8Array;
}

type Random = () => number;
/** The usual value at a time of day (0..1) of a day (0 is Monday), with the noise it has there. */
type Shape = (day: number, time: number, random: Random) => number;
/** Changes the values of one fault: `at` runs from 0 to 1 through it. */
type Fault = (value: number, at: number, random: Random) => number;

const DAY = 86_400_000;
/** A Monday, 00:00 UTC. */
export const START = Date.UTC(2024, 0, 1);

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const SHAPES: Readonly<Record<string, Shape>> = {
  /** Requests a minute: a curve over the day, less at weekends, noise of counts. */
  rate: (day, time, random) => {
    const level = (day % 7 < 5 ? 4000 : 1500) * (1.1 - Math.cos(2 * Math.PI * time));
    return Math.max(0, Math.round(level + Math.sqrt(level) * normal(random)));
  },
  /** Milliseconds: skewed noise around a level that hardly moves. */
  latency: (_, time, random) => (20 + 4 * Math.sin(2 * Math.PI * time)) * Math.exp(0.15 * normal(random)),
  /** Share of a machine: noise that keeps some of the value before (by its own slow part) and two jobs a day. */
  load: (_, time, random) => 30 + 4 * normal(random) + (Math.abs(time - 0.125) < 0.02 ? 35 : 0),
  /** Records behind: mostly few, with small batches. */
  lag: (_, __, random) => Math.floor(-40 * Math.log(1 - random())),
};

export const SHAPE_NAMES: readonly string[] = Object.keys(SHAPES);

const FAULTS: Readonly<Record<string, Fault>> = {
  spike: (value, _, random) => value * (3 + random()) + 50,
  dip: (value) => value * 0.15,
  shift: (value) => value * 1.9 + 20,
  stop: () => 0,
};

/** Faults that a shape can have and that somebody would want to hear of. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  rate: ['spike', 'dip', 'shift', 'stop'],
  latency: ['spike', 'shift', 'spike', 'shift'],
  load: ['spike', 'shift', 'stop', 'spike'],
  lag: ['spike', 'spike', 'spike', 'spike'],
};

/** Share of the series that has no fault: what is usual must be seen first. */
const HISTORY = 0.5;

/**
 * A series of `days` days with four faults in its second half, of 5 to 25 values each (a lag rises twentyfold), or with
 * none.
 */
export function labelledSeries(
  shape: string,
  seed: number,
  interval: number,
  days: number,
  faulty: boolean,
): LabelledSeries {
  const random = seededRandom(seed);
  const count = Math.round((days * DAY) / interval);
  const values = new Float64Array(count);
  const label = new Uint8Array(count);
  const usual = SHAPES[shape] as Shape;
  for (let i = 0; i < count; i++) {
    const time = (i * interval) / DAY;
    values[i] = usual(Math.floor(time), time % 1, random);
  }
  const faults = faulty ? (FITTING[shape] as readonly string[]) : [];
  const room = (count * (1 - HISTORY)) / Math.max(1, faults.length);
  for (const [n, kind] of faults.entries()) {
    const length = 5 + Math.floor(20 * random());
    const from = Math.floor(count * HISTORY + room * n + (room - length) * random());
    for (let i = from; i < from + length; i++) {
      const before = values[i] as number;
      const scaled = shape === 'lag' ? before + 2000 : before;
      values[i] = (FAULTS[kind] as Fault)(scaled, (i - from) / length, random);
      label[i] = 1;
    }
  }
  return { name: `${shape} ${interval / 1000} s ${faulty ? 'faulty' : 'quiet'} ${seed}`, interval, values, label };
}

/** A set of every shape, with faults and quiet, by the minute and every five minutes. */
export function labelledSet(): LabelledSeries[] {
  return SHAPE_NAMES.flatMap((shape, n) => [
    labelledSeries(shape, 10 * n + 1, 60_000, 10, true),
    labelledSeries(shape, 10 * n + 2, 300_000, 28, true),
    labelledSeries(shape, 10 * n + 3, 60_000, 10, false),
    labelledSeries(shape, 10 * n + 4, 300_000, 28, false),
  ]);
}
