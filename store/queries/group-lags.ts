import type { StageState } from '../../core/state.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, numberOf, secondsCell } from './cells.ts';

/** How far behind a reader is. NaN where a number is not known. */
export interface LagNumbers {
  readonly time: Millis;
  readonly state: StageState;
  /** Since when the state holds. */
  readonly since: Millis;
  /** Records that wait. */
  readonly lag: number;
  /** Age of the oldest of them in seconds, how far off that may be, and whether it is a lower bound only. */
  readonly lagSeconds: number;
  readonly lagError: number;
  readonly atLeast: boolean;
  /** Records per second written and committed over the last minute. */
  readonly endRate: number;
  readonly commitRate: number;
  /** Seconds until nothing waits at these rates; infinite where the lag does not shrink. */
  readonly catchUpSeconds: number;
  /** Seconds until retention takes the oldest record that waits if nobody reads; negative where it is due. NaN without retention. */
  readonly headroom: number;
  /**
   * Seconds until retention takes a record that was not read, as expected and between which 80 % lie; infinite where that does not
   * happen at this rate. `lossExpected`: near enough that someone should know.
   */
  readonly lossSeconds: number;
  readonly lossLower: number;
  readonly lossUpper: number;
  readonly lossExpected: boolean;
  /** Records between the commit and the first one kept: taken unread. */
  readonly lost: number;
  /** One sentence for people. */
  readonly reason: string;
}

/** A group on one topic, or (`topic` is '') on all it reads. */
export interface GroupLagRow extends LagNumbers {
  readonly cluster: string;
  readonly group: string;
  readonly topic: string;
  readonly pipeline: string;
  /** classic, consumer, streams; '' where not reported. */
  readonly type: string;
  readonly members: number;
  /** Partitions with a commit, and those in which records wait. */
  readonly partitions: number;
  readonly waiting: number;
}

/** A group in one partition. */
export interface PartitionLagRow extends LagNumbers {
  readonly cluster: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number;
  readonly oldest: number;
  /** Seconds a group usually lets pass between two commits while records wait (batches, checkpoints); 0 where it does not. */
  readonly pause: number;
}

const numberCells = (row: LagNumbers) => ({
  Time: secondsCell(row.time),
  State: row.state,
  Since: secondsCell(row.since),
  Lag: floatCell(row.lag),
  LagSeconds: floatCell(row.lagSeconds),
  LagError: floatCell(row.lagError),
  AtLeast: row.atLeast,
  EndRate: floatCell(row.endRate),
  CommitRate: floatCell(row.commitRate),
  CatchUpSeconds: floatCell(row.catchUpSeconds),
  Headroom: floatCell(row.headroom),
  LossSeconds: floatCell(row.lossSeconds),
  LossLower: floatCell(row.lossLower),
  LossUpper: floatCell(row.lossUpper),
  LossExpected: row.lossExpected,
  Lost: floatCell(row.lost),
  Reason: row.reason,
});

export async function writeGroupLags(store: Store, rows: readonly GroupLagRow[]): Promise<void> {
  const cells = rows.map((row) => ({
    ...{ Cluster: row.cluster, Group: row.group, Topic: row.topic, Pipeline: row.pipeline, Type: row.type },
    ...{ Members: floatCell(row.members), Partitions: row.partitions, Waiting: row.waiting },
    ...numberCells(row),
  }));
  await store.insert('group_lags', cells);
}

export async function writePartitionLags(store: Store, rows: readonly PartitionLagRow[]): Promise<void> {
  const cells = rows.map((row) => ({
    ...{ Cluster: row.cluster, Group: row.group, Topic: row.topic, Partition: row.partition },
    ...{ Committed: floatCell(row.committed), End: floatCell(row.end), Oldest: floatCell(row.oldest) },
    ...{ Pause: floatCell(row.pause) },
    ...numberCells(row),
  }));
  await store.insert('partition_lags', cells);
}

const NUMBERS = `toUnixTimestamp(l.Time) * 1000 AS time, State AS state, toUnixTimestamp(l.Since) * 1000 AS since,
    Lag AS lag, LagSeconds AS lagSeconds, LagError AS lagError, AtLeast AS atLeast, EndRate AS endRate, CommitRate AS commitRate,
    CatchUpSeconds AS catchUpSeconds, Headroom AS headroom, LossSeconds AS lossSeconds, LossLower AS lossLower, LossUpper AS lossUpper,
    LossExpected AS lossExpected, Lost AS lost, Reason AS reason`;
const GROUP_COLUMNS = `Cluster AS cluster, \`Group\` AS group, Topic AS topic, Pipeline AS pipeline, Type AS type, Members AS members,
    Partitions AS partitions, Waiting AS waiting, ${NUMBERS}`;
const PARTITION_COLUMNS = `Cluster AS cluster, \`Group\` AS group, Topic AS topic, Partition AS partition, Committed AS committed,
    End AS end, Oldest AS oldest, Pause AS pause, ${NUMBERS}`;

const TEXTS: ReadonlySet<string> = new Set(['cluster', 'group', 'topic', 'pipeline', 'type', 'state', 'reason']);
const FLAGS: ReadonlySet<string> = new Set(['atLeast', 'lossExpected']);

async function read<T>(store: Store, sql: string, params: Record<string, unknown>): Promise<T[]> {
  const rows = await store.rows<Record<string, number | string | null>>(sql, params, EXACT_FLOATS);
  return rows.map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => [name, TEXTS.has(name) || FLAGS.has(name) ? cell : numberOf(cell)]),
      ) as T,
  );
}

export interface GroupQuery {
  /** Rows of [from, to) count; the newest of each group and topic is its state. */
  readonly from: Millis;
  readonly to: Millis;
  readonly cluster?: string;
  readonly group?: string;
}

const where = ({ cluster, group }: GroupQuery, table: string) => `
FROM ${table} AS l
WHERE l.Time >= toDateTime({from:UInt32}) AND l.Time < toDateTime({to:UInt32})
    ${cluster === undefined ? '' : 'AND Cluster = {cluster:String}'} ${group === undefined ? '' : 'AND `Group` = {group:String}'}`;

const params = (query: GroupQuery) => ({
  from: secondsCell(query.from),
  to: Math.ceil(query.to / 1000),
  cluster: query.cluster ?? '',
  group: query.group ?? '',
});

/** The newest row of each group and topic in [from, to), groups as a whole (`topic` is '') before their topics. */
export function readGroupLags(store: Store, query: GroupQuery): Promise<GroupLagRow[]> {
  const tail = 'ORDER BY cluster, group, topic, time DESC LIMIT 1 BY cluster, group, topic';
  return read(store, `SELECT ${GROUP_COLUMNS} ${where(query, 'group_lags')} ${tail}`, params(query));
}

/** The newest row of each partition in [from, to). Of large installations only partitions that lag are kept (docs/lag-states.md). */
export function readPartitionLags(store: Store, query: GroupQuery): Promise<PartitionLagRow[]> {
  const tail = 'ORDER BY cluster, group, topic, partition, time DESC LIMIT 1 BY cluster, group, topic, partition';
  return read(store, `SELECT ${PARTITION_COLUMNS} ${where(query, 'partition_lags')} ${tail}`, params(query));
}

/** A group as a whole with the topics it reads and the partitions that are kept of each. */
export interface GroupView extends GroupLagRow {
  readonly topics: readonly (GroupLagRow & { readonly partitionLags: readonly PartitionLagRow[] })[];
}

/** How old the newest row of a group may be for it to be there still. */
const CURRENT_MS = 60_000;

/** Every group as it stood at `at`, the worst lag in time first, with its topics and partitions. */
export async function readGroups(
  store: Store,
  query: { readonly at: Millis; readonly cluster?: string; readonly group?: string },
): Promise<GroupView[]> {
  const range = { ...query, from: query.at - CURRENT_MS, to: query.at + 1000 };
  const [rows, partitions] = await Promise.all([readGroupLags(store, range), readPartitionLags(store, range)]);
  const key = (row: { cluster: string; group: string; topic?: string }) =>
    JSON.stringify([row.cluster, row.group, row.topic]);
  const byTopic = Map.groupBy(partitions, key);
  const topics = Map.groupBy(
    rows.filter(({ topic }) => topic !== ''),
    ({ cluster, group }) => key({ cluster, group }),
  );
  return rows
    .filter(({ topic }) => topic === '')
    .map((row) => ({
      ...row,
      topics: (topics.get(key({ cluster: row.cluster, group: row.group })) ?? []).map((topic) => ({
        ...topic,
        // Rows of a partition are written while there is something to say of it; older ones say it is over.
        partitionLags: (byTopic.get(key(topic)) ?? []).filter(({ time }) => time === topic.time),
      })),
    }))
    .sort((a, b) => (b.lagSeconds || 0) - (a.lagSeconds || 0));
}

/** The rows of one group in [from, to), oldest first: of one topic, or with `topic` '' of the group as a whole. */
export function readGroupHistory(
  store: Store,
  query: GroupQuery & { readonly cluster: string; readonly group: string; readonly topic: string },
): Promise<GroupLagRow[]> {
  const sql = `SELECT ${GROUP_COLUMNS} ${where(query, 'group_lags')} AND Topic = {topic:String} ORDER BY time`;
  return read(store, sql, { ...params(query), topic: query.topic });
}
