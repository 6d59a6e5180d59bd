import { STEP_MS } from '../../core/time.ts';
import { type EdgeMemory, type EdgeVerdict, judgeEdge, NO_MEMORY } from '../../pipelines/conservation-edge.ts';
import { type Completion, completionBeside, completionOf } from '../../pipelines/conservation-settle.ts';
import { type Chance, chanceOf } from './chance.ts';

/** What happens between two checkpoints. Times are in steps of ten seconds from the beginning. */
export interface World {
  /** Records per second, on average. */
  readonly rate: number;
  /** Records that come out for each that goes in, at a time. */
  readonly ratio: (step: number) => number;
  /** One in, exactly so many out; else chance decides for each. */
  readonly exact?: boolean;
  /** The rate swings by half around its mean in the course of a day. */
  readonly daily?: boolean;
  /** Stretches of one to five minutes at three to eight times the rate, a day; twice the rate can be handled, the rest waits. */
  readonly bursts?: number;
  /** The share of records that come up to five minutes late. */
  readonly late?: number;
  /** Crashes of either side a day: what was not told of yet is lost, and a part of it is handled again. */
  readonly crashes?: number;
  /** Rebalances a day: up to three in ten of the last records are handled twice. */
  readonly rebalances?: number;
  /** Records vanish from a step on, up to another, with a chance. */
  readonly drop?: { readonly from: number; readonly until?: number; readonly share: number };
  /** One program counts at both checkpoints and tells of both at once; so many records are in its hands when it does. */
  readonly together?: { readonly inHand: number };
}

export interface Told {
  readonly step: number;
  readonly verdict: EdgeVerdict;
}

const DAY = 8640;
const WINDOWS = 450;
const MINUTES = 2880;
/** Steps of arrivals that ages are learnt from: six hours. */
const LEARN = 2160;

/** Runs a world for so many steps, judging each, and calls `tell` with each verdict; true ends it. */
export function simulate(world: World, seed: number, steps: number, tell: (told: Told) => boolean): void {
  const chance = chanceOf(seed);
  const counts = countsOf(steps);
  const queue: { window: number; left: number }[] = [];
  const later: Map<number, { window: number; records: number }[]> = new Map();
  let held: { window: number; records: number }[] = [];
  let burst = { until: 0, factor: 1 };
  let memory: EdgeMemory = NO_MEMORY;
  let sentHeld = 0;
  for (let step = 0; step < steps; step++) {
    if (chance.uniform() < (world.bursts ?? 0) / DAY)
      burst = { until: step + 6 + chance.uniform() * 24, factor: 3 + 5 * chance.uniform() };
    const swing = world.daily === true ? 1 + 0.5 * Math.sin((2 * Math.PI * step) / DAY) : 1;
    const sent = chance.poisson(world.rate * 10 * swing * (step < burst.until ? burst.factor : 1));
    queue.push({ window: step, left: sent });

    // The side that sends tells of a tenth of them a step late.
    const crashed = (side: number) => chance.uniform() < (world.crashes ?? 0) / 2 / DAY && side >= 0;
    if (world.together === undefined) {
      const onTime = sent - chance.binomial(sent, 0.1);
      if (!crashed(0)) counts.addSent(step, onTime);
      if (step > 0) counts.addSent(step - 1, sentHeld);
      sentHeld = sent - onTime;
    }

    const flush = [...held, ...(later.get(step) ?? [])];
    held = [];
    later.delete(step);
    const handled = handle(queue, Math.ceil(world.rate * 20 * Math.max(1, swing)));
    const again = chance.uniform() < (world.rebalances ?? 0) / DAY ? 0.3 * chance.uniform() : 0;
    const crash = crashed(1);
    let others = handled.reduce((sum, { records }) => sum + records, 0);
    for (const { window, records } of handled) {
      let out = passed(world, chance, window, records);
      const { from = 0, until = Number.POSITIVE_INFINITY, share = 0 } = world.drop ?? {};
      if (share > 0 && window >= from && window < until) out -= chance.binomial(out, share);
      out += chance.binomial(out, again);
      if (crash) {
        // Of what was handled before the crash nothing was told; a part had not been committed and comes again.
        out = chance.binomial(out, 0.5 * chance.uniform());
      }
      const late = chance.binomial(out, world.late ?? 0);
      if (late > 0) push(later, step + 3 + Math.floor(27 * chance.uniform()), { window, records: late });
      others -= records;
      const inHand = Math.min(out - late, Math.max(0, (world.together?.inHand ?? 0) - others));
      const slow = world.together === undefined ? chance.binomial(out - late, 0.15) : inHand;
      if (world.together !== undefined && !crash) counts.addTaken(window, records, step);
      held.push({ window, records: slow });
      flush.push({ window, records: out - late - slow });
    }
    for (const { window, records } of flush) counts.addReached(window, records, step);
    const together = world.together !== undefined;
    const known = counts.known(step);
    const judged = judgeEdge(together ? { ...known, together, ...counts.beside(known.completion) } : known, memory);
    memory = judged.memory;
    if (tell({ step, verdict: judged.verdict })) return;
  }
}

/** First in, first out, at most so many in a step. */
function handle(queue: { window: number; left: number }[], most: number): { window: number; records: number }[] {
  const handled: { window: number; records: number }[] = [];
  let room = most;
  for (let first = queue[0]; first !== undefined && room > 0; first = queue[0]) {
    const records = Math.min(room, first.left);
    room -= records;
    first.left -= records;
    if (records > 0) handled.push({ window: first.window, records });
    if (first.left === 0) queue.shift();
  }
  return handled;
}

function passed(world: World, chance: Chance, window: number, records: number): number {
  const ratio = world.ratio(window);
  if (world.exact === true) return Math.round(records * ratio);
  if (ratio <= 1) return chance.binomial(records, ratio);
  return chance.poisson(records * ratio);
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  list.push(value);
}

/** The counts as they become known, in the shape in which a round reads them. */
function countsOf(steps: number) {
  const windows = { sent: new Float64Array(steps + WINDOWS), reached: new Float64Array(steps + WINDOWS) };
  const minuteCount = Math.ceil(steps / 6) + 1 + MINUTES;
  const minutes = { sent: new Float64Array(minuteCount), reached: new Float64Array(minuteCount) };
  const arrivals: { step: number; age: number; records: number }[] = [];
  const ages = new Float64Array(400);
  const taken = new Float64Array(400);
  let forgotten = 0;
  let newest = 0;
  const add = (
    into: typeof windows,
    fine: number,
    coarse: typeof windows,
    column: 'sent' | 'reached',
    records: number,
  ) => {
    const [w, m] = [fine + WINDOWS, Math.floor(fine / 6) + MINUTES];
    into[column][w] = (into[column][w] as number) + records;
    coarse[column][m] = (coarse[column][m] as number) + records;
  };
  return {
    addSent: (window: number, records: number) => add(windows, window, minutes, 'sent', records),
    /** Of a program that tells of both checkpoints at once: what it takes, in the step in which it does. */
    addTaken(window: number, records: number, step: number) {
      add(windows, window, minutes, 'sent', records);
      const age = Math.min(taken.length - 1, step - window);
      taken[age] = (taken[age] as number) + records;
    },
    beside(completion: Completion | undefined) {
      const before = completionOf(Array.from(taken.keys()), Array.from(taken));
      return { sentSettle: 0, completion: completion && before && completionBeside(completion, before) };
    },
    addReached(window: number, records: number, step: number) {
      if (records <= 0) return;
      add(windows, window, minutes, 'reached', records);
      const age = Math.min(ages.length - 1, step - window);
      arrivals.push({ step, age, records });
      ages[age] = (ages[age] as number) + records;
      newest = Math.max(newest, window + 1);
    },
    /** What is known when a step is over, at which time the flush of the step has just come in. */
    known(step: number) {
      while ((arrivals[forgotten]?.step ?? step) < step - LEARN) {
        const { age, records } = arrivals[forgotten++] as { age: number; records: number };
        ages[age] = (ages[age] as number) - records;
      }
      const at = (step + 1) * STEP_MS;
      const recent: { age: number; records: number }[] = [];
      for (let i = arrivals.length - 1; i >= 0 && (arrivals[i] as { step: number }).step > step - 6; i--)
        recent.push(arrivals[i] as { age: number; records: number });
      const steps = Array.from(ages.keys());
      const minute = Math.ceil((step + 1) / 6);
      const cut = (column: Float64Array, end: number, length: number) => column.subarray(end, end + length);
      return {
        at,
        windows: { sent: cut(windows.sent, step + 1, WINDOWS), reached: cut(windows.reached, step + 1, WINDOWS) },
        minutes: { sent: cut(minutes.sent, minute, MINUTES), reached: cut(minutes.reached, minute, MINUTES) },
        completion: completionOf(steps, Array.from(ages)),
        sentSettle: 2 * STEP_MS,
        arrivalAge: slowest(recent) * STEP_MS,
        newest: newest * STEP_MS,
      };
    },
  };
}

/** The age of the slowest hundredth; NaN of nothing. */
function slowest(arrivals: { age: number; records: number }[]): number {
  const total = arrivals.reduce((sum, { records }) => sum + records, 0);
  if (total === 0) return Number.NaN;
  let seen = 0;
  for (const { age, records } of arrivals.sort((a, b) => a.age - b.age)) {
    seen += records;
    if (seen >= 0.99 * total) return age;
  }
  return Number.NaN;
}
