import { durationWords } from '../core/duration-words.ts';
import { type Millis, STEP_MS, stepStart } from '../core/time.ts';
import type { Conservation, ConservationState } from '../store/queries/conservation.ts';
import { type Judged, judgeConservation } from './conservation-judge.ts';
import { type Counts, LONGEST_BY_WINDOW, learnNoise, type Noise, RELEARN_MINUTES } from './conservation-noise.ts';
import type { Completion } from './conservation-settle.ts';

const MINUTE_MS = 60_000;
/** The newest arrivals may be told of by a flush that is this late. */
const FLUSH_MS = 20_000;
/** Where nothing arrives for so long, or for ten times the usual time, records are not late but lost. */
const STOPPED_MS = 600_000;
/** A ratio that has changed for this long is how things are. */
export const ADOPT_MS = 6 * 3_600_000;

/** What a round knows of two checkpoints. */
export interface EdgeCounts {
  /** End of the newest window and of the newest minute. */
  readonly at: Millis;
  /** By ten seconds, an hour and more of them, and by minute up to two days, of which those of the last minutes are not looked at: records that began then, as far as told of by now. */
  readonly windows: Counts;
  /** Absent in rounds in which nothing is learnt. */
  readonly minutes?: Counts;
  /** Of the later checkpoint, and how long the earlier one's windows take. */
  readonly completion: Completion | undefined;
  readonly sentSettle: Millis;
  /** How old the records are that arrive at the later checkpoint now (their slowest hundredth); NaN when none do. */
  readonly arrivalAge: Millis;
  /** End of the newest window that the later checkpoint has told of; 0 when there is none. */
  readonly newest: Millis;
  /** Whether one program counts at both checkpoints, and so tells of both at once. */
  readonly together?: boolean;
  /** Seconds that the slowest consumer between the two is behind, where that is known. */
  readonly lagSeconds?: number;
  /** Why nobody reads at the later checkpoint, where that is known: a clause such as `the group billing has no members`. */
  readonly left?: string;
}

/** What is remembered of two checkpoints from round to round. */
export interface EdgeMemory {
  readonly verdict: Judged['verdict'];
  readonly noise: Noise | undefined;
  /** Whether there was a verdict once: from then on nothing that arrives is news. */
  readonly judged: boolean;
  /** End of the minutes that `noise` was learnt from. */
  readonly learnt: Millis;
  /** The minutes it was learnt from, with those that are strange as well. */
  readonly minutes: Counts;
  /** When the present drop began, and the largest share it has taken; NaN without one. */
  readonly since: Millis;
  readonly height: number;
  /** Stretches of time that say nothing of what is usual. */
  readonly strange: readonly (readonly [from: Millis, to: Millis])[];
}

export const NO_MEMORY: EdgeMemory = {
  verdict: 'conserved',
  noise: undefined,
  judged: false,
  learnt: 0,
  minutes: { sent: new Float64Array(0), reached: new Float64Array(0) },
  since: Number.NaN,
  height: Number.NaN,
  strange: [],
};

export type EdgeVerdict = Omit<
  Conservation,
  'time' | 'pipeline' | 'kind' | 'from' | 'to' | 'fromService' | 'service' | 'direction' | 'destination' | 'group'
>;

/** Judges two checkpoints by all that is known of them, and says what to remember. */
export function judgeEdge(
  counts: EdgeCounts,
  memory: EdgeMemory,
): { readonly verdict: EdgeVerdict; readonly memory: EdgeMemory } {
  const { at, windows, completion } = counts;
  const last = LONGEST_BY_WINDOW;
  if (sum(windows.sent, Math.max(0, windows.sent.length - last)) === 0)
    return { verdict: blank('idle', 'nothing was sent for an hour', completion), memory };
  const stalled = stall(counts, completion);
  if (stalled !== undefined && counts.left !== undefined)
    return { verdict: leftVerdict(counts.left, stalled, counts), memory };
  if (completion === undefined) {
    const waited = sum(windows.sent, Math.max(0, windows.sent.length - STOPPED_MS / STEP_MS));
    const state = !memory.judged || waited === 0 ? 'learning' : 'stopped';
    return { verdict: blank(state, 'nothing has arrived yet', completion), memory };
  }
  const settled = settledEnd(counts, completion);
  if (stalled !== undefined && memory.judged) {
    const { since, records } = stalled;
    if (at - since > Math.max(STOPPED_MS, 10 * completion.settle) && !((counts.lagSeconds ?? 0) * 1000 >= at - since)) {
      const reason = `${whole(records)} records were sent in the last ${spoken(at - since)} and none of them arrived`;
      const verdict = { ...blank('stopped', reason, completion), sent: records, reached: 0, missing: 1 };
      return { verdict: { ...verdict, seconds: (at - since) / 1000 }, memory };
    }
  }
  const learnt = learn(counts, memory, settled);
  const { noise } = learnt;
  if (noise === undefined) return { verdict: blank('learning', 'too little is known yet', completion), memory: learnt };
  if (settled < at - Math.max(STOPPED_MS, 10 * completion.settle)) {
    const reason = `what was sent in the last ${spoken(at - settled)} is still on its way`;
    return { verdict: blank('waiting', reason, completion), memory: learnt };
  }
  const end = windows.sent.length - Math.round((at - settled) / STEP_MS);
  const from = Math.max(0, end - last);
  const complete = Float64Array.from({ length: Math.max(0, end - from) }, (_item, i) =>
    completion.share((windows.sent.length - (from + i) - 1) * STEP_MS),
  );
  const passed = Math.floor((settled - learnt.learnt) / MINUTE_MS);
  // A drop that is over is no evidence of another one.
  const over = learnt.strange.filter(([, to]) => to !== Number.POSITIVE_INFINITY);
  const judged = judgeConservation(
    {
      ...without(
        { sent: windows.sent.subarray(from, end), reached: windows.reached.subarray(from, end) },
        settled,
        STEP_MS,
        over,
      ),
      complete,
      minutes: without(learnt.minutes, learnt.learnt, MINUTE_MS, over),
      passed,
    },
    noise,
    memory.verdict,
    memory.height,
  );
  if (judged === undefined) return { verdict: blank('idle', 'nothing was sent lately', completion), memory: learnt };
  const { evidence, detectable } = judged;
  const delay = (share: number) =>
    judged.windowsFor(share) * (STEP_MS / 1000) + completion.settle / 1000 + STEP_MS / 1000;
  const verdict: EdgeVerdict = {
    state: judged.verdict,
    ...{ sent: evidence.sent, reached: evidence.reached, ratio: evidence.ratio, missing: evidence.missing },
    ...{ sigmas: evidence.sigmas, seconds: (evidence.length * STEP_MS) / 1000, settle: completion.settle / 1000 },
    ...{ detectable, delay1: delay(0.01), delay01: delay(0.001), reason: reasonOf(judged) },
  };
  return { verdict, memory: remember(learnt, judged, settled) };
}

/**
 * Up to when windows are complete: for their age, for what arrives now, and for how far the slowest consumer is behind. Of who counts at
 * both checkpoints no flush is waited for while records arrive as they used to: a late one is late of both.
 */
function settledEnd(
  { at, sentSettle, arrivalAge, newest, together = false, lagSeconds = 0 }: EdgeCounts,
  { settle }: Completion,
): Millis {
  const inTime = together && arrivalAge <= Math.max(settle, FLUSH_MS);
  const arriving = Number.isNaN(arrivalAge) || inTime ? 0 : arrivalAge + FLUSH_MS;
  const behind = Number.isNaN(lagSeconds) || lagSeconds < 1 ? 0 : lagSeconds * 1000 + FLUSH_MS;
  const byAge = at - Math.max(settle, sentSettle, arriving, behind);
  return stepStart(Math.min(byAge, newest - settle + STEP_MS), STEP_MS);
}

interface Stall {
  readonly since: Millis;
  readonly records: number;
}

/** Where nobody is there to read, records wait and none is missing. */
function leftVerdict(left: string, { since, records }: Stall, { at, completion }: EdgeCounts): EdgeVerdict {
  const reason = `${left}; ${whole(records)} records were sent in the last ${spoken(at - since)}, and nobody reads them`;
  return { ...blank('left', reason, completion), sent: records, reached: 0, seconds: (at - since) / 1000 };
}

/** Records that were sent after the newest that arrived, and since when, where these are old enough to have. */
function stall({ at, windows, newest }: EdgeCounts, completion: Completion | undefined): Stall | undefined {
  const settle = completion?.settle ?? 0;
  const from = Math.max(0, windows.sent.length - Math.round((at - newest) / STEP_MS));
  const first = windows.sent.findIndex((sent, i) => i >= from && sent > 0);
  if (first < 0) return undefined;
  const since = at - (windows.sent.length - first) * STEP_MS;
  return at - since > settle + FLUSH_MS ? { since, records: sum(windows.sent, first) } : undefined;
}

/** Learns anew every few minutes, from what has settled and is not strange. */
function learn(counts: EdgeCounts, memory: EdgeMemory, settled: Millis): EdgeMemory {
  const { minutes } = counts;
  const until = stepStart(settled, MINUTE_MS);
  if (minutes === undefined) return memory;
  if (memory.noise !== undefined && until < memory.learnt + RELEARN_MINUTES * MINUTE_MS) return memory;
  const { at } = counts;
  const strange = memory.strange.filter(([, to]) => to > at - minutes.sent.length * MINUTE_MS);
  const take = ({ sent, reached }: Counts, step: Millis, end: Millis, leave = strange): Counts => {
    const newest = stepStart(at, step) === at ? at : stepStart(at, step) + step;
    const length = Math.max(0, sent.length - Math.max(0, Math.round((newest - end) / step)));
    const kept = { sent: sent.slice(0, length), reached: reached.slice(0, length) };
    return without(kept, newest - (sent.length - length) * step, step, leave);
  };
  const noise = learnNoise(take(minutes, MINUTE_MS, until), take(counts.windows, STEP_MS, settled));
  return {
    ...memory,
    strange,
    noise: noise ?? memory.noise,
    judged: memory.judged || noise !== undefined,
    learnt: until,
    minutes: take(minutes, MINUTE_MS, until, []),
  };
}

/** Counts whose intervals end at `end`, with nothing in those that `leave` touches. */
function without(counts: Counts, end: Millis, step: Millis, leave: EdgeMemory['strange']): Counts {
  if (leave.length === 0) return counts;
  const [sent, reached] = [counts.sent.slice(), counts.reached.slice()];
  const { length } = sent;
  const begin = end - length * step;
  for (const [from, to] of leave) {
    const first = Math.max(0, Math.floor((from - begin) / step));
    const last = Math.max(0, Math.min(length, Math.ceil((to - begin) / step)));
    sent.fill(0, first, last);
    reached.fill(0, first, last);
  }
  return { sent, reached };
}

function remember(memory: EdgeMemory, judged: Judged, settled: Millis): EdgeMemory {
  const { verdict, evidence } = judged;
  if (verdict !== 'dropping') {
    // What ended lately keeps the end it had.
    const strange = memory.strange.map(([from, to]): [Millis, Millis] => [from, Math.min(to, settled)]);
    return { ...memory, verdict, since: Number.NaN, height: Number.NaN, strange };
  }
  // The stretch that shows a drop best began about with it.
  const since = Number.isNaN(memory.since) ? settled - 1.5 * evidence.length * STEP_MS : memory.since;
  if (settled - since > ADOPT_MS)
    return {
      ...memory,
      verdict: 'conserved',
      noise: undefined,
      learnt: 0,
      since: Number.NaN,
      height: Number.NaN,
      strange: [[0, since]],
    };
  const past = memory.strange.filter(([from]) => from !== since);
  const height = Math.max(Number.isNaN(memory.height) ? 0 : memory.height, evidence.missing);
  return { ...memory, verdict, since, height, strange: [...past, [since, Number.POSITIVE_INFINITY]] };
}

function reasonOf({ verdict, evidence }: Judged): string {
  const { sent, reached, ratio, missing, length } = evidence;
  const span = spoken(length * STEP_MS);
  const told = `of ${whole(sent)} records ${whole(reached)} arrived in ${span}, ${whole(sent * ratio)} were expected`;
  if (verdict === 'dropping') return `${told}: ${percent(missing)} are missing`;
  if (verdict === 'surplus') return `${told}: ${percent(-missing)} too many`;
  return told;
}

function blank(state: ConservationState, reason: string, completion: Completion | undefined): EdgeVerdict {
  const none = Number.NaN;
  return {
    ...{ state, sent: none, reached: none, ratio: none, missing: none, sigmas: none, seconds: 0, reason },
    ...{ settle: completion === undefined ? none : completion.settle / 1000 },
    ...{ detectable: none, delay1: none, delay01: none },
  };
}

const sum = (values: Float64Array, from: number) => values.subarray(from).reduce((total, value) => total + value, 0);
const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const percent = (share: number) => `${(share * 100).toPrecision(2)} %`;
const spoken = (ms: Millis) => durationWords(stepStart(ms, STEP_MS) / 1000);
