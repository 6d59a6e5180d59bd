import { durationWords } from '../core/duration-words.ts';
import type { Millis } from '../core/time.ts';

/**
 * How far one stage is in event time, from what is known of it. For each input, the first line that holds:
 *
 * | # | records waiting | their age | since it last handled something, its input was | handles | every event is handled that the input held |
 * |---|-----------------|-----------|------------------------------------------------|---------|---------------------------------------------|
 * | 1 | at most a few   |           |                                                |         | now                                         |
 * | 2 | more            | known     |                                                |         | as long ago as the oldest is old            |
 * | 3 | more            | not known |                                                | yes     | as long ago as working off the rest takes   |
 * | 4 | more            | not known |                                                | no      | when it was judged so before                |
 * | 5 | no longer known |           |                                                |         | when it was judged so before                |
 * | 6 | never known     |           |                                                | yes     | now                                         |
 * | 7 | never known     |           | written                                        | no      | when it last handled something              |
 * | 8 | never known     |           | not written                                    | no      | now                                         |
 *
 * And for the stage as a whole, from what it says itself; the earliest of all counts:
 *
 * | #  | says                      | heard of | inputs                               | handles | everything is handled up to          |
 * |----|---------------------------|----------|--------------------------------------|---------|--------------------------------------|
 * | 9  | watermarks                | late     |                                      |         | the last watermark                   |
 * | 10 | watermarks                |          | some, and nothing waits in any       | no      | (no bound: it is idle)               |
 * | 11 | watermarks                |          | else                                 |         | the watermark: a source's heartbeat  |
 * | 12 | event times, by the clock | late     | none is measured                     |         | the furthest event time              |
 * | 13 | event times               |          | none, or nothing waits in any        |         | now less the delay of the newest event |
 * | 14 | event times               |          | none written since it last handled   |         | now less the delay of the newest event |
 * | 15 | event times               |          | records wait, or might               |         | the furthest event time              |
 * | 16 | nothing                   |          |                                      |         | (no bound)                           |
 *
 * The furthest event time is that of the slowest partition or instance that moved lately: a quiet one holds nobody back. Only an
 * event newer than all before moves it, so a backfill of old events changes nothing. Event times ahead of the clock are not believed.
 */
export interface StageEvidence {
  readonly inputs: readonly InputEvidence[];
  /** What it says of event times, by series. */
  readonly events: readonly EventEvidence[];
  readonly watermarks: readonly EventEvidence[];
  /** Ends of the last steps in which it handled something without an error, or wrote something; 0 when never. */
  readonly handledAt: Millis;
}

export interface InputEvidence {
  /** `kind:name` of the topic or dataset. */
  readonly id: string;
  /** Records waiting; NaN where not measured now. */
  readonly waiting: number;
  /** Seconds since the oldest of them was written; NaN where not known. */
  readonly waitingSeconds: number;
  /** Whether what waits was measured within the last minutes. */
  readonly wasMeasured: boolean;
  /** Records per second that the stage takes from it; 0 when none. */
  readonly rate: number;
  /** End of the last step in which something was written to it; 0 when nobody knows of any. */
  readonly writtenAt: Millis;
}

/** One series: the furthest event time said and when it was first said, and when the newest sample was taken. */
export interface EventEvidence {
  readonly furthest: Millis;
  readonly reachedAt: Millis;
  readonly sampledAt: Millis;
  /** Whether samples come by the clock, so that their end means something; those of spans come with the work. */
  readonly beats: boolean;
}

export interface FreshnessLimits {
  readonly idleAfter: Millis;
  readonly lateAfter: Millis;
  readonly allowedLag: number;
}

/** `current`: up to date or nearly; `idle`: nothing to do; `behind`: works, with records waiting; `stalled`: does not work although it should; `unknown`: no longer heard of. */
export const FRESHNESS_STATES = ['current', 'idle', 'behind', 'stalled', 'unknown'] as const;
export type FreshnessState = (typeof FRESHNESS_STATES)[number];

export interface OwnFreshness {
  /** Of each input, in their order: it is handled as of this time. NaN holds what was reached before. */
  readonly inputs: readonly Millis[];
  /** Bound of the stage as a whole: a time, Infinity without one. */
  readonly bound: Millis;
  readonly state: FreshnessState;
  /** One sentence for people. */
  readonly reason: string;
}

/** Judges a stage at `at` by the tables above. */
export function judgeFreshness(evidence: StageEvidence, at: Millis, limits: FreshnessLimits): OwnFreshness {
  const { inputs, handledAt } = evidence;
  const handles = handledAt > 0 && at - handledAt < limits.idleAfter;
  const verdicts = inputs.map((input) => judgeInput(input, handles, handledAt, at, limits));
  const waits = verdicts.some(({ waits }) => waits === true);
  const nothingWaits = verdicts.every(({ waits }) => waits === false);
  const { bound, late, stands, why } = boundOf(evidence, { at, handles, nothingWaits, limits });
  const lost = verdicts.some(({ lost }) => lost);
  const stalls = verdicts.find(({ stalls }) => stalls);
  const waiting = inputs.reduce((sum, input) => sum + (Number.isNaN(input.waiting) ? 0 : input.waiting), 0);
  const state: FreshnessState =
    late || lost
      ? 'unknown'
      : stalls || stands
        ? 'stalled'
        : waits
          ? 'behind'
          : handles || why !== ''
            ? 'current'
            : 'idle';
  const quiet = handledAt > 0 ? `for ${durationWords((at - handledAt) / 1000)}` : 'so far';
  const reasons: Readonly<Record<FreshnessState, string>> = {
    unknown: late ? why : 'what waits for it is no longer measured',
    stalled: stands
      ? why
      : waiting > limits.allowedLag
        ? `handles nothing ${quiet}, ${count(waiting)} waiting`
        : `handles nothing ${quiet} while its input is written`,
    behind: `${count(waiting)} waiting`,
    current: why || 'handles what comes',
    idle: 'nothing to do',
  };
  return { inputs: verdicts.map(({ asOf }) => asOf), bound, state, reason: reasons[state] };
}

interface InputVerdict {
  readonly asOf: Millis;
  /** Undefined where not known. */
  readonly waits: boolean | undefined;
  readonly stalls: boolean;
  readonly lost: boolean;
}

function judgeInput(
  input: InputEvidence,
  handles: boolean,
  handledAt: Millis,
  at: Millis,
  limits: FreshnessLimits,
): InputVerdict {
  const { waiting, waitingSeconds, rate } = input;
  const works = { stalls: false, lost: false };
  if (!Number.isNaN(waiting)) {
    if (waiting <= limits.allowedLag) return { ...works, asOf: at, waits: false };
    const stalls = !handles && !(rate > 0);
    if (!Number.isNaN(waitingSeconds))
      return {
        asOf: at - waitingSeconds * 1000,
        waits: true,
        stalls: stalls && waitingSeconds * 1000 >= limits.idleAfter,
        lost: false,
      };
    if (rate > 0) return { ...works, asOf: at - (waiting / rate) * 1000, waits: true };
    return { asOf: Number.NaN, waits: true, stalls, lost: false };
  }
  if (input.wasMeasured) return { asOf: Number.NaN, waits: undefined, stalls: false, lost: true };
  if (handles) return { ...works, asOf: at, waits: undefined };
  if (input.writtenAt <= handledAt) return { ...works, asOf: at, waits: undefined };
  return { asOf: handledAt > 0 ? handledAt : Number.NaN, waits: undefined, stalls: true, lost: false };
}

interface Standing {
  readonly at: Millis;
  readonly handles: boolean;
  /** Of all inputs it is known that nothing waits (also without any). */
  readonly nothingWaits: boolean;
  readonly limits: FreshnessLimits;
}

function boundOf(
  { inputs, events, watermarks, handledAt }: StageEvidence,
  { at, handles, nothingWaits, limits }: Standing,
) {
  const free = { bound: Number.POSITIVE_INFINITY, late: false, stands: false, why: '' };
  if (watermarks.length > 0) {
    const heard = newest(watermarks);
    const live = watermarks.filter(({ sampledAt }) => heard - sampledAt < limits.idleAfter);
    const bound = Math.min(...live.map(({ furthest }) => furthest), at);
    if (at - heard > limits.lateAfter)
      return { ...free, bound, late: true, why: `says no watermark for ${durationWords((at - heard) / 1000)}` };
    if (inputs.length > 0 && nothingWaits && !handles) return free;
    return {
      bound,
      late: false,
      stands: live.every(({ reachedAt }) => at - reachedAt >= limits.idleAfter),
      why: `its watermark is ${durationWords(Math.max(0, Math.round((at - bound) / 1000)))} old`,
    };
  }
  if (events.length === 0) return free;
  const heard = newest(events);
  const moving = events.filter(({ reachedAt }) => at - reachedAt < limits.idleAfter);
  const last = Math.max(...events.map(({ reachedAt }) => reachedAt));
  const active = moving.length > 0 ? moving : events.filter(({ reachedAt }) => reachedAt === last);
  const furthest = Math.min(...active.map((one) => one.furthest), at);
  const measured = inputs.some(({ waiting }) => !Number.isNaN(waiting));
  if (!measured && events.some(({ beats }) => beats) && at - heard > limits.lateAfter) {
    return {
      ...free,
      bound: furthest,
      late: true,
      why: `says no event time for ${durationWords((at - heard) / 1000)}`,
    };
  }
  const handledAll = inputs.every((input) => Number.isNaN(input.waiting) && input.writtenAt <= handledAt);
  if (nothingWaits || handledAll) {
    const delay = Math.max(...active.map((one) => Math.max(0, one.reachedAt - one.furthest)));
    return { ...free, bound: at - delay };
  }
  return { ...free, bound: furthest };
}

function newest(series: readonly EventEvidence[]): Millis {
  return Math.max(...series.map(({ sampledAt }) => sampledAt));
}

function count(records: number): string {
  return `${Math.round(records).toLocaleString('en')} ${Math.round(records) === 1 ? 'record' : 'records'}`;
}
