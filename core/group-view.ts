import type { StageState } from './state.ts';
import type { Millis } from './time.ts';
import type { Known } from './view.ts';

/** What the API says of consumer groups. As in core/view.ts an unknown number is `null`; seconds and records per second. */

/** Seconds ahead of now; `never` where it does not happen at the present rates. */
export type Ahead = Known | 'never';

/** How far behind a reader is. */
export interface LagView {
  readonly state: StageState;
  /** Since when the state holds. */
  readonly since: Millis;
  /** One sentence that says why. */
  readonly reason: string;
  /** Records that wait. */
  readonly lag: Known;
  /** Age of the oldest of them, how far off that may be on either side, and whether it is a lower bound only. */
  readonly lagSeconds: Known;
  readonly lagError: Known;
  readonly atLeast: boolean;
  /** Records per second written and committed. */
  readonly endRate: Known;
  readonly commitRate: Known;
  readonly catchUp: Ahead;
  /** How long retention keeps the oldest record that waits; negative where it is due. */
  readonly headroom: Known;
  /** Until retention takes an unread record, as expected and between which 80 % lie. */
  readonly loss: Ahead;
  readonly lossLower: Ahead;
  readonly lossUpper: Ahead;
  /** Whether that is near enough that someone should know. */
  readonly lossExpected: boolean;
  /** Records that retention took unread. */
  readonly lost: Known;
}

/** A group on one topic. */
export interface GroupTopicView extends LagView {
  readonly topic: string;
  readonly partitions: number;
  readonly waiting: number;
}

export interface GroupSummary extends LagView {
  readonly cluster: string;
  readonly group: string;
  /** The stage that reads as this group: where its page is. Empty while none is known. */
  readonly pipeline: string;
  readonly stage: string;
  /** classic, consumer or streams; '' where nobody reports it. */
  readonly type: string;
  readonly members: Known;
  /** Partitions with a commit, and those in which records wait. */
  readonly partitions: number;
  readonly waiting: number;
  readonly topics: readonly string[];
}

/** A share group: its members take single records, in no order, so that it has no lag in time and is not judged. */
export interface ShareGroupView {
  readonly cluster: string;
  readonly group: string;
  /** As the broker spells it; '' where nobody reports it. */
  readonly state: string;
  readonly members: Known;
  readonly topics: readonly string[];
  readonly partitions: number;
  /** Records after the first that not every member is done with. */
  readonly lag: Known;
}

export interface GroupsView {
  readonly now: Millis;
  /** The worst first; of many the first ones only. */
  readonly groups: readonly GroupSummary[];
  readonly total: number;
  /** How many groups are in each state, of all that were asked for. */
  readonly states: Readonly<Partial<Record<StageState, number>>>;
  readonly shares: readonly ShareGroupView[];
}

export interface GroupPartitionView extends LagView {
  readonly topic: string;
  readonly partition: number;
  readonly committed: Known;
  readonly end: Known;
  readonly oldest: Known;
  /** Seconds the group usually lets pass between two commits; 0 where it has no such habit. */
  readonly pause: Known;
}

/** A partition that a stage reads. One that an outside tool tells the lag of alone is not judged: its state is null. */
export interface StagePartition extends Omit<GroupPartitionView, 'state' | 'since'> {
  readonly cluster: string;
  readonly group: string;
  readonly state: StageState | null;
}

export interface GroupView extends GroupSummary {
  readonly now: Millis;
  readonly topicLags: readonly GroupTopicView[];
  /** In the order of partitions; of large installations those that lag only. */
  readonly partitionLags: readonly GroupPartitionView[];
}

/** A group's past in columns: index `i` is the step that starts at `start + i * step`. The worst of each step counts. */
export interface GroupHistoryView {
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
  readonly states: readonly (StageState | null)[];
  readonly lagSeconds: readonly Known[];
  readonly lagError: readonly Known[];
  readonly lag: readonly Known[];
  readonly endRate: readonly Known[];
  readonly commitRate: readonly Known[];
  /** Lag in time at which retention begins to take records, as of the newest step. */
  readonly retention: Known;
}
