import { durationWords } from '../core/duration-words.ts';
import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';

/**
 * The state of one consumer group on one topic, from what is known of the last minutes. The first line that holds decides:
 *
 * | #  | telemetry | records waiting      | group             | reads                 | lag       | state          |
 * |----|-----------|----------------------|-------------------|-----------------------|-----------|----------------|
 * | 1  | late      | not known            |                   |                       |           | unknown        |
 * | 2  |           | not known            |                   | something             |           | healthy        |
 * | 3  |           | not known            |                   | nothing in the window |           | idle           |
 * | 4  |           | at most `allowedLag` |                   | something             |           | healthy        |
 * | 5  |           | at most `allowedLag` |                   | nothing in the window |           | idle           |
 * | 6  |           | more                 | no members        | nothing for long      |           | dead           |
 * | 7  |           | more                 | members not known | no span in the window | never fell | dead          |
 * | 8  |           | more                 |                   | nothing for long      |           | stuck          |
 * | 9  |           | more, but recent     |                   |                       |           | healthy        |
 * | 10 |           | more, and old        |                   |                       | grows     | falling_behind |
 * | 11 |           | more, and old        |                   |                       | falls     | catching_up    |
 * | 12 |           | more, and old        |                   |                       | steady    | as before if it was catching_up, else falling_behind |
 * | 13 |           | more, of unknown age |                   |                       | only grew | falling_behind |
 * | 14 |           | more, of unknown age |                   |                       | else      | catching_up if it was behind and falls, else healthy |
 *
 * "Old": the oldest waiting record is older than `behindAfter`; a group that was behind stays so down to half of it.
 * "Nothing for long": for `stuckAfter` nothing was committed (where the broker tells), else no span succeeded and the lag never
 * fell. "Grows" and "falls": the last third of two minutes against the first by a quarter, so noise of a tenth is steady.
 */
export interface LagWindow {
  /** Milliseconds per element of the columns, which end with the newest closed step; NaN marks a gap. */
  readonly step: Millis;
  /** Records waiting, and the age of the oldest in seconds. */
  readonly lag: Float64Array;
  readonly lagSeconds: Float64Array;
  /** Records handled per second, and those handled without an error; all NaN for a service without spans. */
  readonly throughput: Float64Array;
  readonly succeeded: Float64Array;
  /** Members of the group, and records per second it committed lately; NaN where not reported. */
  readonly members: number;
  readonly committed: number;
  /** Nothing has come in from this pipeline for too long. */
  readonly late: boolean;
}

export interface LagLimits {
  readonly behindAfter: Millis;
  readonly stuckAfter: Millis;
  readonly allowedLag: number;
}

export interface Judgement {
  readonly state: StageState;
  /** One sentence for people. */
  readonly reason: string;
  /** The numbers it rests on: records, seconds, records per second; NaN where not known. */
  readonly lag: number;
  readonly lagSeconds: number;
  readonly throughput: number;
}

const TREND_MS = 120_000;
const TREND_RATIO = 1.25;

/** Judges one group by the table above. `before` is its settled state of the last round. */
export function judgeLag(window: LagWindow, limits: LagLimits, before: StageState | undefined): Judgement {
  const lag = window.lag.at(-1) ?? Number.NaN;
  const recent = Math.max(1, Math.round(limits.stuckAfter / window.step));
  const throughput = mean(window.throughput.subarray(-recent));
  const reading = Number.isNaN(window.committed) ? throughput : window.committed;
  const seconds = window.lagSeconds.at(-1) ?? Number.NaN;
  const guess = lag === 0 ? 0 : lag / reading;
  const lagSeconds = !Number.isNaN(seconds) ? seconds : Number.isFinite(guess) ? guess : Number.NaN;
  const judged = (state: StageState, reason: string): Judgement => ({ state, reason, lag, lagSeconds, throughput });

  const active = window.committed > 0 || anyPositive(window.throughput);
  if (Number.isNaN(lag)) {
    if (window.late) return judged('unknown', 'no telemetry arrives, so nothing is known of it');
    return active
      ? judged('healthy', `handles ${rate(throughput)}`)
      : judged('idle', `nothing to do for ${durationWords((window.throughput.length * window.step) / 1000)}`);
  }
  const waiting = `${count(lag)} waiting`;
  if (lag <= limits.allowedLag) {
    return active
      ? judged('healthy', `${Number.isNaN(reading) ? '' : `reads ${rate(reading)}, `}nothing waiting`)
      : judged('idle', 'nothing to read');
  }
  if (readsNothing(window, recent)) {
    if (window.members === 0) return judged('dead', `the group has no members, ${waiting}`);
    if (Number.isNaN(window.members) && !anyPositive(window.throughput) && neverFell(window.lag)) {
      return judged('dead', `no sign of a consumer, ${waiting}`);
    }
    return judged('stuck', `has read nothing for ${durationWords(quietFor(window) / 1000)}, ${waiting}`);
  }
  const wasBehind = before !== undefined && BEHIND.has(before);
  const trend = trendOf(window, limits.allowedLag);
  const healthy = judged('healthy', Number.isNaN(reading) ? waiting : `reads ${rate(reading)}${ago(lagSeconds)}`);
  let grows = trend === 'grows' || (trend === 'steady' && before !== 'catching_up');
  if (Number.isNaN(lagSeconds)) {
    grows = trend === 'grows' && neverFell(window.lag);
    if (!grows && !(wasBehind && trend === 'falls')) return healthy;
  } else if (lagSeconds < (limits.behindAfter / 1000) * (wasBehind ? 0.5 : 1)) return healthy;

  const growth = slope(window);
  const pace = Number.isNaN(reading) ? waiting : `reads ${bare(reading)}/s of ${rate(Math.max(0, reading + growth))}`;
  if (grows) return judged('falling_behind', `${pace}${ago(lagSeconds)}`);
  const left = growth < 0 ? `, caught up in about ${durationWords(Math.ceil(lag / -growth / 10) * 10)}` : '';
  return judged('catching_up', `${pace}${left}`);
}

const BEHIND: ReadonlySet<StageState> = new Set<StageState>(['falling_behind', 'catching_up', 'stuck', 'dead']);

/** What is remembered of a stage between rounds: its settled state, and one that is about to replace it. */
export interface Settled {
  readonly state: StageState;
  readonly candidate: StageState;
  readonly rounds: number;
}

/**
 * Lets a state change only after `confirm` rounds in a row saw the same new one. The first state and the end of
 * blindness count at once.
 */
export function settle(before: Settled | undefined, observed: StageState, confirm: number): Settled {
  if (before === undefined || before.state === observed || before.state === 'unknown') {
    return { state: observed, candidate: observed, rounds: 0 };
  }
  const rounds = before.candidate === observed ? before.rounds + 1 : 1;
  if (rounds >= confirm) return { state: observed, candidate: observed, rounds: 0 };
  return { state: before.state, candidate: observed, rounds };
}

/** Orders states, the worst first. */
export function byWorst(a: StageState, b: StageState): number {
  return STAGE_STATES.indexOf(b) - STAGE_STATES.indexOf(a);
}

function readsNothing(window: LagWindow, recent: number): boolean {
  if (!Number.isNaN(window.committed)) return window.committed === 0;
  // Without spans and without committed offsets nobody knows what is read, unless the group is empty.
  if (window.throughput.every(Number.isNaN)) return window.members === 0;
  return (
    window.succeeded.length >= recent &&
    !anyPositive(window.succeeded.subarray(-recent)) &&
    neverFell(window.lag.subarray(-recent))
  );
}

function quietFor(window: LagWindow): Millis {
  let steps = 0;
  for (let i = window.succeeded.length - 1; i >= 0 && !((window.succeeded[i] as number) > 0); i--) steps++;
  return Math.max(1, steps) * window.step;
}

function neverFell(values: Float64Array): boolean {
  let last = Number.NaN;
  for (const value of values) {
    if (value < last) return false;
    if (!Number.isNaN(value)) last = value;
  }
  return true;
}

function thirds({ lag, step }: LagWindow): { early: number; late: number; seconds: number } {
  const known = lag.subarray(-Math.max(3, Math.round(TREND_MS / step)));
  const third = Math.max(1, Math.floor(known.length / 3));
  const seconds = ((known.length - third) * step) / 1000;
  return { early: mean(known.subarray(0, third)), late: mean(known.subarray(-third)), seconds };
}

function trendOf(window: LagWindow, allowedLag: number): 'grows' | 'falls' | 'steady' {
  const { early, late } = thirds(window);
  if (late > early * TREND_RATIO && late - early > allowedLag) return 'grows';
  if (late < early / TREND_RATIO) return 'falls';
  return 'steady';
}

/** Records per second by which the lag changes; 0 when it is not known. */
function slope(window: LagWindow): number {
  const { early, late, seconds } = thirds(window);
  return Number.isNaN(early) || Number.isNaN(late) || seconds === 0 ? 0 : (late - early) / seconds;
}

/** Mean of what is not a gap; NaN of nothing. */
export function mean(values: Float64Array): number {
  let sum = 0;
  let known = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    known++;
  }
  return known === 0 ? Number.NaN : sum / known;
}

function anyPositive(values: Float64Array): boolean {
  return values.some((value) => value > 0);
}

function bare(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? Math.round(perSecond).toLocaleString('en') : perSecond.toPrecision(2);
}

function rate(perSecond: number): string {
  return `${bare(perSecond)}/s`;
}

function count(records: number): string {
  return `${Math.round(records).toLocaleString('en')} ${Math.round(records) === 1 ? 'record' : 'records'}`;
}

function ago(seconds: number): string {
  return Number.isFinite(seconds) ? `, ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s behind` : '';
}
