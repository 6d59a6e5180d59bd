import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { PartitionEnd } from './lag-ends.ts';
import { type Position, usualPause } from './lag-positions.ts';
import { isTrailing, type LagTime } from './lag-seconds.ts';

export interface JudgeLimits {
  readonly behindAfter: Millis;
  readonly stuckAfter: Millis;
  readonly lateAfter: Millis;
  /** A partition in which nothing moved for this long is idle. */
  readonly window: Millis;
  readonly allowedLag: number;
  readonly confirm: number;
}

/** What the broker says of a group as a whole. */
export interface GroupFacts {
  /** NaN where not reported. */
  readonly members: number;
  /** A rebalance is going on, or several were within minutes. */
  readonly rebalancing: boolean;
  /** It rebalanced, or its members changed, three times within minutes, and does so still. */
  readonly storming: boolean;
  /** Known to be without members, whatever was counted. */
  readonly empty: boolean;
  /** When members came back to a group without any; NaN. */
  readonly returnedAt: Millis;
}

/** Two polls without a commit: a rebalance that lets members go on working is none. */
const QUIET_COMMITS_MS = 20_000;
const LONGEST_GAP_MS = 86_400_000;
/** How much longer than usual a pause may be. */
const PATIENCE = 1.5;

const BEHIND: ReadonlySet<StageState> = new Set(['falling_behind', 'catching_up', 'stuck', 'dead']);

/** What a group that commits again comes back from: until its lag shows where it goes, it catches up. */
const RESUMED: ReadonlySet<StageState> = new Set(['catching_up', 'rebalancing', 'rewound', 'stuck', 'dead']);

/**
 * The state of a group in one partition, from what brokers say. The first line that holds decides:
 *
 * | #  | when                                                                                            | state          |
 * |----|-------------------------------------------------------------------------------------------------|----------------|
 * | 1  | neither commit nor log end was reported for `lateAfter`                                         | unknown        |
 * | 2  | the commit lies beyond the log end: the log was cut off, or the topic is another one            | rewound        |
 * | 3  | set back by an operator, reading again what it had read, and moving                             | rewound        |
 * | 4  | more than `allowedLag` waits, the group rebalances, no commit for 20 s                          | rebalancing    |
 * | 5  | at most `allowedLag` waits, and commit or end moved lately                                      | healthy        |
 * | 6  | at most `allowedLag` waits, nothing moved for `window` (or three times the topic's usual gap)   | idle           |
 * | 7  | more waits, no commit since `stuckAfter` (or 1.5 times the group's usual pause), no members     | dead           |
 * | 8  | more waits, no commit for as long, members there or not known                                   | stuck          |
 * | 9  | more waits; the oldest is younger than `behindAfter` (or 1.5 times the usual pause)             | healthy        |
 * | 10 | more waits, and longer; the lag shrinks, or commits have only just set in again                 | catching_up    |
 * | 11 | more waits, and longer; the lag grows, or did so last; members come and go all the time         | rebalancing    |
 * | 12 | the same, and members stay                                                                      | falling_behind |
 *
 * "No commit since" counts from the last commit or from the first record that waited, whichever was later; a group whose members came
 * back is dead for `stuckAfter` more, unless it commits. In line 9 a group that was behind stays so down to half of the limit. Where no sample tells the age of what waits, it is
 * taken to be the lag at the rate of the commits. `before` is the settled state.
 */
export function judge(
  position: Position,
  end: PartitionEnd,
  group: GroupFacts,
  time: LagTime,
  before: StageState | undefined,
  now: Millis,
  limits: JudgeLimits,
): StageState {
  const { allowedLag } = limits;
  const heard = Math.min(position.committedAt, end.endAt);
  if (!(now - heard <= limits.lateAfter)) return 'unknown';
  if (position.committed > end.end) return 'rewound';
  const pause = usualPause(position, now);
  const limit = Math.max(limits.stuckAfter, PATIENCE * pause);
  if (position.lag <= allowedLag || isTrailing(position, end, allowedLag)) {
    const gap = Math.min(LONGEST_GAP_MS, end.gap || 0);
    const quiet = heard - Math.max(position.movedAt, end.movedAt);
    return quiet >= Math.max(limits.window, 3 * gap) ? 'idle' : 'healthy';
  }
  const waiting = Math.max(position.movedAt, position.laggingSince || 0);
  const stalled = heard - waiting >= limit;
  if (!Number.isNaN(position.peak) && !stalled) return 'rewound';
  if (group.rebalancing && heard - position.movedAt >= QUIET_COMMITS_MS) return 'rebalancing';
  if (stalled) {
    const returning = before === 'dead' && heard - group.returnedAt < limits.stuckAfter;
    return group.members === 0 || group.empty || returning ? 'dead' : 'stuck';
  }
  const behindAfter = Math.max(limits.behindAfter, PATIENCE * pause) / 1000;
  const guess = Number.isNaN(time.seconds) ? position.lag / position.rate : time.seconds;
  const wasBehind = before !== undefined && BEHIND.has(before);
  if (!(guess >= behindAfter * (wasBehind ? 0.5 : 1))) return 'healthy';
  const resumed = position.trend === 0 && before !== undefined && RESUMED.has(before) && !group.storming;
  if (position.trend < 0 || resumed) return 'catching_up';
  return group.storming ? 'rebalancing' : 'falling_behind';
}

/** Changes that cost nothing; each one more doubles how long a new state must hold before it counts. */
const FREE_CHANGES = 2;
const MOST_DOUBLINGS = 7;
/** Half of the changes counted are forgotten after this long. */
const FADE_MS = 2 * 3_600_000;
const AT_ONCE: ReadonlySet<StageState> = new Set(['stuck', 'dead', 'unknown']);

/** The fields of a position or group that settling works on. */
export type Settling = Record<'state' | 'since' | 'candidate' | 'rounds' | 'flaps', number>;

const MOVING: ReadonlySet<StageState> = new Set<StageState>([
  ...(['healthy', 'idle', 'catching_up', 'falling_behind', 'rewound'] as const),
]);

/** Whether a state in which something moves was seen in the last round and will take over if it is seen again. */
export function isLeaving({ state, candidate }: Settling): boolean {
  return candidate !== state && MOVING.has(STAGE_STATES[candidate] as StageState);
}

/**
 * Takes an observed state into account: it replaces the one that stands after `confirm` rounds in a row. Once a state has changed more
 * than twice within two hours the rounds double with each further change (as routers damp flapping routes, RFC 2439), so that
 * nothing oscillates; `stuck` and `dead`, which took their time, and `unknown` are never held up. The first state and the end of blindness
 * count at once.
 */
export function settleState(settling: Settling, observed: StageState, now: Millis, confirm: number): StageState {
  const seen = STAGE_STATES.indexOf(observed);
  const standing = STAGE_STATES[settling.state];
  const change = () => {
    const faded = (settling.flaps || 0) * 2 ** (-(now - (settling.since || now)) / FADE_MS);
    settling.flaps = standing === undefined ? 0 : faded + 1;
    settling.state = settling.candidate = seen;
    settling.since = now;
    settling.rounds = 0;
    return observed;
  };
  if (standing === undefined) return change();
  if (standing === observed) {
    settling.candidate = seen;
    settling.rounds = 0;
    return standing;
  }
  if (standing === 'unknown') return change();
  settling.rounds = settling.candidate === seen ? settling.rounds + 1 : 1;
  settling.candidate = seen;
  const faded = (settling.flaps || 0) * 2 ** (-(now - settling.since) / FADE_MS);
  const doublings = AT_ONCE.has(observed)
    ? 0
    : Math.min(MOST_DOUBLINGS, Math.max(0, Math.floor(faded) - FREE_CHANGES + 1));
  return settling.rounds >= confirm * 2 ** doublings ? change() : standing;
}
