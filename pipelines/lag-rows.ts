import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { GroupLagRow, LagNumbers, PartitionLagRow } from '../store/queries/group-lags.ts';
import type { Group, LagBook, PartitionName } from './lag-book.ts';
import { isLeaving, type JudgeLimits, judge, type Settling, settleState } from './lag-judge.ts';
import { lossOf } from './lag-lookup.ts';
import { usualPause } from './lag-positions.ts';
import { catchUpSeconds } from './lag-rates.ts';
import { isTrailing, lagTimeOf } from './lag-seconds.ts';
import { reasonOf } from './lag-wording.ts';

/** Up to so many positions all of them are written down each round; of more, those that lag or need someone, the worst first. */
const ALL_BELOW = 5000;
const MOST_ROWS = 20_000;
/** A position its group's other ones have left behind this long ago is gone: its topic was deleted, or its commit has expired. */
const GONE_MS = 300_000;

export interface LagRows {
  readonly groups: readonly GroupLagRow[];
  readonly partitions: readonly PartitionLagRow[];
  /** Positions that lag or need someone, and did not fit. */
  readonly unlisted: number;
}

interface Sum {
  readonly group: number;
  readonly topic: string;
  /** Rows of the topic's partitions. */
  readonly known: readonly number[];
  partitions: number;
  waiting: number;
  lag: number;
  endRate: number;
  commitRate: number;
  lost: number;
  headroom: number;
  loss: { lossSeconds: number; lossLower: number; lossUpper: number; lossExpected: boolean };
  /** Position with the largest lag in time, and that in the worst state. */
  time: { seconds: number; error: number; atLeast: boolean };
  worst: number;
  /** When the position in the worst state last committed, and whether all in that state are leaving it. */
  movedAt: Millis;
  leaving: boolean;
  /** Partitions that came later than the group's others and hold records, without a commit. */
  uncommitted: number;
}

/**
 * Judges every position and group at `at` and lays the results out as rows. A group is as badly off as its worst partition; its lag is the
 * sum, its lag in time the largest, its loss the nearest.
 */
export function judgeRows(book: LagBook, at: Millis, limits: JudgeLimits, forgetAfter: Millis): LagRows {
  const { positions, ends } = book;
  const heard = new Float64Array(book.groups.length).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < positions.length; i++) {
    const { group, committedAt } = positions.at(i);
    if (committedAt > (heard[group] as number)) heard[group] = committedAt;
  }
  const facts = book.groups.map((_group, i) => book.groupFacts(i, at));
  const sums = new Map<string, Sum>();
  const listed: { readonly i: number; readonly rank: number }[] = [];
  const all = positions.length <= ALL_BELOW;
  for (let i = 0; i < positions.length; i++) {
    const row = positions.at(i);
    const known = heard[row.group] as number;
    if (Number.isNaN(row.committedAt) || at - known > forgetAfter || row.committedAt < known - GONE_MS) continue;
    const end = ends.at(row.partition);
    const { topic } = book.partitions[row.partition] as PartitionName;
    const time = lagTimeOf(row, end, limits.allowedLag);
    const state = judge(
      row,
      end,
      facts[row.group] as (typeof facts)[number],
      time,
      STAGE_STATES[row.state],
      at,
      limits,
    );
    const rank = STAGE_STATES.indexOf(settleState(row, state, at, limits.confirm));
    const waits = row.lag > limits.allowedLag && !isTrailing(row, end, limits.allowedLag);
    if (all || waits || rank > STAGE_STATES.indexOf('healthy')) listed.push({ i, rank });
    const loss = lossOf(book, i, at);
    for (const name of [topic.topic, '']) {
      const key = `${row.group}/${name}`;
      const sum = sums.get(key) ?? emptySum(row.group, name, topic.partitions);
      sums.set(key, sum);
      sum.partitions++;
      if (waits) sum.waiting++;
      sum.lag += row.lag;
      sum.endRate += end.rate || 0;
      sum.commitRate += row.rate || 0;
      sum.lost += row.lost;
      const headroom = headroomOf(row.written, row.lag, topic.retention, at);
      if (!(headroom >= sum.headroom)) sum.headroom = Number.isNaN(headroom) ? sum.headroom : headroom;
      if (!(loss.lossSeconds >= sum.loss.lossSeconds) && !Number.isNaN(loss.lossSeconds))
        sum.loss = { ...loss, lossExpected: loss.lossExpected || sum.loss.lossExpected };
      if (loss.lossExpected) sum.loss.lossExpected = true;
      if (time.seconds > (Number.isNaN(sum.time.seconds) ? -1 : sum.time.seconds)) sum.time = time;
      const leaving = isLeaving(row);
      if (rank > sum.worst) [sum.worst, sum.movedAt, sum.leaving] = [rank, row.movedAt, leaving];
      else if (rank === sum.worst && !leaving) {
        // What a group as a whole says of its state is what holds where it goes on.
        if (sum.leaving) sum.movedAt = row.movedAt;
        sum.leaving = false;
      }
    }
  }
  for (const sum of sums.values()) countUncommitted(book, sum, sums, facts, at, limits);
  listed.sort((a, b) => b.rank - a.rank);
  const groups = [...sums.values()].map((sum) => groupRow(book, sum, at));
  for (const [i, group] of book.groups.entries()) {
    if (sums.has(`${i}/`)) continue;
    const silent = silentRow(group, facts[i] as (typeof facts)[number], at, limits);
    if (silent !== undefined) groups.push(silent);
  }
  return {
    groups,
    partitions: listed.slice(0, MOST_ROWS).map(({ i }) => partitionRow(book, i, at, limits)),
    unlisted: Math.max(0, listed.length - MOST_ROWS),
  };
}

function emptySum(group: number, topic: string, known: readonly number[]): Sum {
  const unknown = Number.NaN;
  return {
    ...{
      group,
      topic,
      known,
      partitions: 0,
      waiting: 0,
      lag: 0,
      endRate: 0,
      commitRate: 0,
      lost: 0,
      headroom: unknown,
    },
    loss: { lossSeconds: unknown, lossLower: unknown, lossUpper: unknown, lossExpected: false },
    time: { seconds: unknown, error: unknown, atLeast: false },
    ...{ worst: -1, movedAt: unknown, leaving: false, uncommitted: 0 },
  };
}

const NO_COMMITS = STAGE_STATES.indexOf('no_commits');
/** Partitions heard of within this time of a topic's first belong to what was there when watching began. */
const TOGETHER_MS = 60_000;

/** Finds partitions a topic was given lately in which a group with members has committed nothing for `stuckAfter`, although they hold records. */
function countUncommitted(
  book: LagBook,
  sum: Sum,
  sums: ReadonlyMap<string, Sum>,
  facts: readonly { readonly members: number }[],
  at: Millis,
  limits: JudgeLimits,
): void {
  if (sum.topic === '' || sum.partitions >= sum.known.length || !((facts[sum.group]?.members ?? 0) > 0)) return;
  let first = Number.POSITIVE_INFINITY;
  for (const partition of sum.known) first = Math.min(first, book.ends.at(partition).firstAt || first);
  for (const partition of sum.known) {
    const { firstAt, end, oldest } = book.ends.at(partition);
    const isNew = firstAt > first + TOGETHER_MS && at - firstAt >= limits.stuckAfter;
    if (!isNew || !(end > (oldest || 0)) || book.hasPosition(sum.group, partition)) continue;
    for (const one of [sum, sums.get(`${sum.group}/`) as Sum]) {
      one.uncommitted++;
      if (one.worst < NO_COMMITS) one.worst = NO_COMMITS;
    }
  }
}

function settlingOf(group: Group, topic: string): Settling {
  let settling = group.settling.get(topic);
  if (settling === undefined) {
    settling = { state: Number.NaN, since: Number.NaN, candidate: Number.NaN, rounds: 0, flaps: 0 };
    group.settling.set(topic, settling);
  }
  return settling;
}

function groupRow(book: LagBook, sum: Sum, at: Millis): GroupLagRow {
  const group = book.groups[sum.group] as Group;
  const settling = settlingOf(group, sum.topic);
  // Its partitions have been confirmed.
  const state = settleState(settling, STAGE_STATES[sum.worst] as StageState, at, 1);
  const numbers = {
    ...{ lag: sum.lag, endRate: sum.endRate, commitRate: sum.commitRate, lost: sum.lost },
    ...{ lagSeconds: sum.time.seconds, lagError: sum.time.error, atLeast: sum.time.atLeast },
    catchUpSeconds: catchUpSeconds(sum.lag, sum.commitRate, sum.endRate),
    ...{ headroom: sum.headroom, ...sum.loss },
  };
  return {
    ...{
      time: at,
      cluster: group.cluster,
      group: group.group,
      topic: sum.topic,
      pipeline: group.pipeline,
      type: group.type,
    },
    ...{ members: group.members, partitions: sum.partitions, waiting: sum.waiting, state, since: settling.since },
    ...numbers,
    reason: reasonOf({
      ...numbers,
      ...{ state, members: group.members, leaving: sum.leaving, uncommitted: sum.uncommitted },
      quietSeconds: (at - sum.movedAt) / 1000,
    }),
  };
}

/** A group that has had members for `stuckAfter` and no commit anywhere. Share groups commit nothing by nature. */
function silentRow(
  group: Group,
  facts: { readonly members: number },
  at: Millis,
  limits: JudgeLimits,
): GroupLagRow | undefined {
  if (!(facts.members > 0) || group.type === 'share') return undefined;
  if (!(at - group.returnedAt >= limits.stuckAfter)) return undefined;
  const settling = settlingOf(group, '');
  const state = settleState(settling, 'no_commits', at, 1);
  const unknown = Number.NaN;
  const numbers: Omit<LagNumbers, 'time' | 'state' | 'since' | 'reason'> = {
    ...{ lag: unknown, lagSeconds: unknown, lagError: unknown, atLeast: false, endRate: unknown, commitRate: unknown },
    ...{ catchUpSeconds: unknown, headroom: unknown, lossSeconds: unknown, lossLower: unknown, lossUpper: unknown },
    ...{ lossExpected: false, lost: 0 },
  };
  return {
    ...{ time: at, cluster: group.cluster, group: group.group, topic: '', pipeline: group.pipeline, type: group.type },
    ...{ members: group.members, partitions: 0, waiting: 0, state, since: settling.since },
    ...numbers,
    reason: reasonOf({ ...numbers, state, quietSeconds: unknown }),
  };
}

function partitionRow(book: LagBook, i: number, at: Millis, limits: JudgeLimits): PartitionLagRow {
  const row = book.positions.at(i);
  const end = book.ends.at(row.partition);
  const { topic, partition } = book.partitions[row.partition] as PartitionName;
  const { cluster, group, members } = book.groups[row.group] as Group;
  const time = lagTimeOf(row, end, limits.allowedLag);
  const state = STAGE_STATES[row.state] as StageState;
  const numbers = {
    ...{ lag: row.lag, lagSeconds: time.seconds, lagError: time.error, atLeast: time.atLeast },
    ...{ endRate: end.rate, commitRate: row.rate, catchUpSeconds: catchUpSeconds(row.lag, row.rate, end.rate) },
    ...{ headroom: headroomOf(row.written, row.lag, topic.retention, at), lost: row.lost, ...lossOf(book, i, at) },
  };
  return {
    ...{ time: at, cluster, group, topic: topic.topic, partition, state, since: row.since },
    ...{ committed: row.committed, end: end.end, oldest: end.oldest, pause: usualPause(row, at) / 1000 },
    ...numbers,
    reason: reasonOf({
      ...numbers,
      ...{ state, members, leaving: isLeaving(row) },
      quietSeconds: (at - row.movedAt) / 1000,
    }),
  };
}

/** Seconds for which retention keeps the oldest record that waits; all of it where none does. */
function headroomOf(written: Millis, lag: number, retention: Millis, at: Millis): number {
  return (lag > 0 ? retention - (at - written) : retention) / 1000;
}
