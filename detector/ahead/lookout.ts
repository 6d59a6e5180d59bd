import type { Millis } from '../../core/time.ts';
import type { Foresight } from '../foresight.ts';
import { HORIZONS } from '../lstm/forecast/features.ts';
import { LIMIT_KINDS, type Limit, type LimitKind } from './limits.ts';
import { createRecent, extendRecent, type Recent, rowAt } from './recent.ts';
import { createRecordHigh, extendRecord, type RecordHigh, recordOf } from './record.ts';
import { countChance, createTally, type Tally } from './tally.ts';
import {
  breakTrend,
  createTrend,
  extendTrend,
  highestOf,
  intervalsTo,
  newestOf,
  type Trend,
  trendChance,
  WINDOWS,
} from './trend.ts';

/** Values ahead of limits are looked at a minute apart, or a step where that is longer. */
const MINUTE: Millis = 60_000;
/** Weight of the trend beside the network: where the series is higher than it was for days, and where it has been so high before. */
const BEYOND = 0.6;
const WITHIN = 0.25;
const LONGEST = WINDOWS[WINDOWS.length - 1] as number;

/**
 * Chances that were stated, to be held against what comes: place of the kind among `LIMIT_KINDS`, NaN of an interval in which
 * nothing was stated; the limit, turned so that crossing it is to be above; the chance within each window.
 */
const KIND = 0;
const LIMIT = 1;
const CHANCES = 2;
const STATED = CHANCES + WINDOWS.length;

/** A warning that is not over. `limit` is turned; `crossedAt` 0 while it was not crossed. */
interface Warning {
  readonly kind: LimitKind;
  readonly limit: number;
  readonly at: Millis;
  crossedAt: Millis;
}

/**
 * One series watched for limits to one side: made for a structured clone. Values to the side `below` are turned (negated), so
 * that all but the network looks upward.
 */
export interface Lookout {
  readonly side: Limit['side'];
  readonly interval: Millis;
  /** Place in the forecasts, for one value an interval; undefined until it is first needed. */
  place: number | undefined;
  /** Start of the interval that is open (NaN before the first value), and its worst value so far, turned. */
  openAt: Millis;
  worst: number;
  /** Whether an interval was closed whose outlook nobody has asked for. */
  fresh: boolean;
  readonly trend: Trend;
  readonly record: RecordHigh;
  /** What was stated in each of the last intervals. */
  readonly stated: Recent;
  warning: Warning | undefined;
  /** What came of it, by kind of limit. */
  readonly tallies: Partial<Record<LimitKind, Tally>>;
}

/** What lies ahead of a series and the nearest of its limits that is not crossed, at the end of an interval. */
export interface Outlook {
  readonly lookout: Lookout;
  readonly limit: Limit;
  /** End of the interval, and its worst value. */
  readonly end: Millis;
  readonly value: number;
  /** By window: chance of a value across the limit, and what network and trend say of it. */
  readonly chances: readonly number[];
  readonly network: readonly number[];
  readonly trend: readonly number[];
  /** Weight of the trend. */
  readonly weight: number;
  /** Time until the limit is reached, if it is; NaN where neither network nor trend gets there. */
  readonly reach: Millis;
}

export function createLookout(side: Limit['side'], stepMs: Millis): Lookout {
  return {
    side,
    interval: Math.max(MINUTE, stepMs),
    place: undefined,
    openAt: NaN,
    worst: NaN,
    fresh: false,
    trend: createTrend(),
    record: createRecordHigh(),
    stated: createRecent(LONGEST, STATED),
    warning: undefined,
    tallies: {},
  };
}

/** How much of the series a lookout has seen; an interval longer than a minute counts as one. */
export const historyOf = ({ trend }: Lookout): Millis => trend.points * MINUTE;

/** What came of the chances and warnings of one kind of limit. */
export function tallyOf({ tallies }: Lookout, kind: LimitKind): Tally {
  tallies[kind] ??= createTally();
  return tallies[kind];
}

const turn = ({ side }: Lookout, value: number) => (side === 'above' ? value : -value);

/**
 * Takes the value of a step in. The worst of an interval stands for it: limits are held against every step, and a series that
 * rises and falls within a minute shows the same height whenever one looks. `limits` are those to the lookout's side.
 */
export function watchOut(
  lookout: Lookout,
  foresight: Foresight,
  limits: readonly Limit[],
  step: { readonly time: Millis; readonly value: number; readonly length: Millis },
): void {
  const { interval } = lookout;
  const start = Math.floor(step.time / interval) * interval;
  if (Number.isNaN(lookout.openAt)) {
    if (Number.isNaN(step.value)) return;
    lookout.openAt = start;
  }
  if (start - lookout.openAt > LONGEST * interval) {
    breakTrend(lookout.trend);
    lookout.stated.count = 0;
    lookout.openAt = start;
    lookout.worst = NaN;
  }
  while (lookout.openAt < start) close(lookout, foresight, limits);
  const value = turn(lookout, step.value);
  if (!Number.isNaN(value) && !(value <= lookout.worst)) lookout.worst = value;
  if (step.time + step.length >= lookout.openAt + interval) close(lookout, foresight, limits);
}

function close(lookout: Lookout, foresight: Foresight, limits: readonly Limit[]): void {
  const { worst, openAt, interval, trend, record } = lookout;
  const before = highestOf(trend, LONGEST);
  extendTrend(trend, worst);
  extendRecord(record, worst);
  if (!Number.isNaN(worst)) {
    lookout.place ??= foresight.take(interval);
    foresight.add(lookout.place, openAt, turn(lookout, worst));
  }
  lookout.openAt = openAt + interval;
  lookout.worst = NaN;
  lookout.fresh = true;
  settle(lookout);
  const { warning } = lookout;
  for (const limit of limits) {
    const value = turn(lookout, limit.value);
    if (!(worst > value) || !(before <= value)) continue;
    const tally = tallyOf(lookout, limit.kind);
    tally.crossings++;
    if (warning?.kind === limit.kind) tally.foreseen++;
  }
  if (warning && worst > warning.limit && warning.crossedAt === 0) {
    warning.crossedAt = lookout.openAt;
    const tally = tallyOf(lookout, warning.kind);
    tally.announced++;
    tally.kept++;
    tally.lead += warning.crossedAt - warning.at;
  }
}

/** Holds the chances whose window ends with the newest value against what came. */
function settle(lookout: Lookout): void {
  const { stated, trend } = lookout;
  for (const [w, window] of WINDOWS.entries()) {
    // The newest row is of the interval before.
    const at = rowAt(stated, window - 1);
    const kind = at < 0 ? undefined : LIMIT_KINDS[stated.numbers[at + KIND] as number];
    const most = highestOf(trend, window);
    if (kind === undefined || Number.isNaN(most)) continue;
    const [limit, chance] = [stated.numbers[at + LIMIT], stated.numbers[at + CHANCES + w]] as [number, number];
    countChance(tallyOf(lookout, kind), w, chance, most > limit);
  }
  extendRecent(stated);
}

/** Ends a warning that was crossed, or that nothing came of while it stood and in the longest window after it began. */
export function endWarning(lookout: Lookout, now: Millis, firing: boolean): void {
  const { warning, interval } = lookout;
  if (!warning || firing) return;
  if (warning.crossedAt === 0) {
    if (now - warning.at <= LONGEST * interval) return;
    tallyOf(lookout, warning.kind).announced++;
  }
  lookout.warning = undefined;
}

/** Notes that people were told of `outlook`. */
export function beginWarning({ lookout, limit, end }: Outlook): void {
  lookout.warning ??= { kind: limit.kind, limit: turn(lookout, limit.value), at: end, crossedAt: 0 };
}

/** Whether what people were warned of has happened. */
export const hasCrossed = ({ warning }: Lookout) => warning !== undefined && warning.crossedAt !== 0;

/**
 * The chance that a limit is crossed within the next 15 and 30 intervals, once for each interval:
 *
 *   chance = w trend + (1 - w) network,   w = 0.6 beyond the highest value of three days, else 0.25
 *
 * a linear pool of two forecasts (Stone 1961). The network's is the largest of the chances of its horizons within the window, so
 * that later horizons never say less. Undefined without a value, or where all limits are crossed.
 */
export function outlookOf(lookout: Lookout, foresight: Foresight, limits: readonly Limit[]): Outlook | undefined {
  const { trend, record, place, openAt, side } = lookout;
  const value = newestOf(trend);
  const ahead = limits.filter((limit) => turn(lookout, limit.value) > value);
  const [first, ...rest] = ahead;
  if (place === undefined || first === undefined) return undefined;
  const limit = rest.reduce((near, one) => (turn(lookout, one.value) < turn(lookout, near.value) ? one : near), first);
  const turned = turn(lookout, limit.value);
  const weight = value > recordOf(record) ? BEYOND : WITHIN;
  const network: number[] = [];
  const course: number[] = [];
  for (const [w, window] of WINDOWS.entries()) {
    let most = network.at(-1) ?? 0;
    for (const [h, horizon] of HORIZONS.entries()) {
      if (horizon > window) continue;
      const above = foresight.chanceAbove(place, h, limit.value);
      most = Math.max(most, (side === 'above' ? above : 1 - above) || 0);
    }
    network.push(most);
    course.push(Math.max(course.at(-1) ?? 0, trendChance(trend, w, turned) || 0));
  }
  const chances = WINDOWS.map((_, w) => weight * (course[w] as number) + (1 - weight) * (network[w] as number));
  const { stated } = lookout;
  if (stated.count > 0) stated.numbers.set([LIMIT_KINDS.indexOf(limit.kind), turned, ...chances], rowAt(stated, 0));
  const reach = reachOf(lookout, foresight, limit) * lookout.interval;
  return { lookout, limit, end: openAt, value: turn(lookout, value), chances, network, trend: course, weight, reach };
}

/** Intervals until the limit is reached: the mean of what the line and the network's medians say, of those that get there. */
function reachOf(lookout: Lookout, foresight: Foresight, limit: Limit): number {
  const turned = turn(lookout, limit.value);
  const line = intervalsTo(lookout.trend, turned);
  const said = line <= LONGEST ? [line] : [];
  let [at, from] = [0, newestOf(lookout.trend)];
  for (const [h, horizon] of HORIZONS.entries()) {
    const middle = turn(lookout, foresight.forecast(lookout.place as number, h).middle);
    if (middle > turned) {
      said.push(at + ((turned - from) / (middle - from)) * (horizon - at));
      break;
    }
    [at, from] = [horizon, middle];
  }
  return said.length === 0 ? NaN : said.reduce((sum, one) => sum + one, 0) / said.length;
}
