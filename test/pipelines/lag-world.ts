import type { StageState } from '../../core/state.ts';
import { createLagBook, type LagBook } from '../../pipelines/lag-book.ts';
import type { JudgeLimits } from '../../pipelines/lag-judge.ts';
import { readingAt } from '../../pipelines/lag-positions.ts';
import { judgeRows } from '../../pipelines/lag-rows.ts';
import { placeAt } from '../../pipelines/lag-seconds.ts';
import type { GroupLagRow, PartitionLagRow } from '../../store/queries/group-lags.ts';
import type { Bracket } from '../../store/queries/offset-samples.ts';

/** A stretch of time in the life of one topic of one partition and one group; what is not named goes on as before. */
export interface Phase {
  /** Seconds. */
  readonly for: number;
  /** Records per second written, or a function of the second of the story. */
  readonly produce?: number | ((second: number) => number);
  /** Records per second the group can read; 0 reads nothing. */
  readonly consume?: number | ((second: number) => number);
  /** Seconds between two commits of what was read. */
  readonly commitEvery?: number;
  readonly members?: number;
  readonly groupState?: string;
  /** At the beginning of the phase: the log is cut to this end, made anew, the group's offset is set. */
  readonly truncateTo?: number;
  readonly recreate?: boolean;
  readonly resetTo?: number;
  /** Retention: seconds records are kept, from this phase on. */
  readonly retention?: number;
  /** Markers that lie behind each written stretch, which nobody commits past while nothing follows. */
  readonly trailing?: number;
  /** Nothing is reported: the broker, or whoever asks it, is away. */
  readonly silent?: boolean;
}

export interface Story {
  readonly name: string;
  readonly phases: readonly Phase[];
  /** The states the group goes through, without repetitions. */
  readonly states: readonly StageState[];
}

export const LIMITS: JudgeLimits = {
  behindAfter: 10_000,
  stuckAfter: 60_000,
  lateAfter: 90_000,
  window: 300_000,
  allowedLag: 1,
  confirm: 2,
};
export const START = 1_800_000_000_000;

export interface Moment {
  readonly second: number;
  readonly group: GroupLagRow | undefined;
  readonly partition: PartitionLagRow | undefined;
  /** Seconds since the oldest record not committed was written, and how many wait, at the time of the last poll; the truth. */
  readonly age: number;
  readonly lag: number;
}

interface Options {
  readonly poll?: number;
  /** Seconds a poll comes early or late, and the share by which rates vary. */
  readonly jitter?: () => number;
  readonly noise?: () => number;
}

/** Lives a story second by second, polls it, judges it every ten seconds, and tells what was seen. */
export function live(phases: readonly Phase[], options: Options = {}): Moment[] {
  const { poll = 10, jitter = () => 0, noise = () => 1 } = options;
  const book = createLagBook(LIMITS.allowedLag);
  const partition = book.partition('', 'orders', 0);
  const group = book.group('', 'billing', 'default');
  const position = book.position(group, partition);
  const moments: Moment[] = [];
  let samples: { end: number; at: number }[] = [];
  // Writing times by offset, as steps of one second: where the log ended before each.
  let log: { from: number; second: number }[] = [];
  const now: Required<Omit<Phase, 'for' | 'truncateTo' | 'recreate' | 'resetTo'>> = {
    ...{ produce: 0, consume: 0, commitEvery: 1, members: 1, groupState: 'stable' },
    ...{ retention: Number.POSITIVE_INFINITY, trailing: 0, silent: false },
  };
  let [end, read, committed, oldest, identity, second, nextPoll] = [0, 0, 0, 0, 1, 0, 0];
  let [owed, able] = [0, 0];
  let truth = { age: 0, lag: 0 };
  const at = (value: number | ((second: number) => number)) => (typeof value === 'function' ? value(second) : value);
  for (const phase of phases) {
    Object.assign(now, phase);
    if (phase.truncateTo !== undefined || phase.recreate === true) {
      end = phase.truncateTo ?? 0;
      if (phase.recreate === true) [oldest, identity] = [0, identity + 1];
      log = log.filter(({ from }) => from < end);
      samples = [];
    }
    if (phase.resetTo !== undefined) read = committed = phase.resetTo;
    for (const until = second + phase.for; second < until; second++) {
      owed += at(now.produce) * noise();
      const written = Math.floor(owed);
      owed -= written;
      if (written > 0) {
        log.push({ from: end, second });
        end += written + (now.trailing > 0 && second % 10 === 9 ? now.trailing : 0);
      }
      while (log.length > 1 && second - (log[0] as { second: number }).second > now.retention) log.shift();
      oldest = Math.max(oldest, log[0]?.from ?? 0);
      able = at(now.consume) === 0 ? 0 : Math.min(able + at(now.consume) * noise(), at(now.consume) + 1);
      if (able >= 1 && read < end - now.trailing) {
        // A reader whose offset is not there begins with what is.
        if (read < oldest) read = oldest;
        const readable = end - now.trailing - read;
        const taken = Math.min(Math.floor(able), readable);
        able -= taken;
        read += taken;
      }
      if (able >= 1 && read > end) read = oldest;
      if (second % now.commitEvery === 0) committed = read;
      if (second >= nextPoll && !now.silent) {
        nextPoll = (Math.floor(second / poll) + 1) * poll + jitter();
        const time = START + second * 1000;
        book.tellIdentity(book.topic('', 'orders'), identity, time);
        book.tellEnd(partition, end, time);
        samples.push({ end, at: time });
        book.tellOldest(partition, oldest);
        book.tellState(group, now.groupState, 'classic', time);
        book.tellMembers(group, now.members, time);
        book.tellCommitted(position, committed, time);
        const from = Math.max(committed, oldest);
        const written = log.findLast((entry) => entry.from <= from);
        truth = {
          age: from >= end || written === undefined ? 0 : second - written.second,
          lag: Math.max(0, end - from),
        };
      }
      if (second % 10 === 9) moments.push(judgeMoment(book, samples, { second, ...truth }));
    }
  }
  return moments;
}

function judgeMoment(
  book: LagBook,
  samples: readonly { end: number; at: number }[],
  truth: Pick<Moment, 'second' | 'age' | 'lag'>,
): Moment {
  const row = book.positions.at(0);
  const offset = readingAt(row, book.ends.at(0));
  if (row.lag > 0) placeAt(row, bracketOf(samples, offset), offset);
  const rows = judgeRows(book, START + (truth.second + 1) * 1000, LIMITS, 3_600_000);
  const group = rows.groups.find(({ topic }) => topic === '');
  return { ...truth, group, partition: rows.partitions[0] };
}

/** The samples around an offset, by looking at all of them. */
export function bracketOf(samples: readonly { end: number; at: number }[], offset: number): Bracket {
  const unknown = Number.NaN;
  const left = samples.findLast(({ end }) => end <= offset);
  const right = samples.find(({ end, at }) => end > offset && at > (left?.at ?? 0));
  return {
    leftEnd: left?.end ?? unknown,
    leftAt: left?.at ?? unknown,
    rightEnd: right?.end ?? unknown,
    rightAt: right?.at ?? unknown,
  };
}

/** The states in order, without repetitions. */
export function sequence(moments: readonly Moment[]): StageState[] {
  const states = moments.flatMap(({ group }) => (group === undefined ? [] : [group.state]));
  return states.filter((state, i) => state !== states[i - 1]);
}
