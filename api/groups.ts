import type {
  Ahead,
  GroupHistoryView,
  GroupSummary,
  GroupsView,
  GroupTopicView,
  GroupView,
  LagView,
} from '../core/group-view.ts';
import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { gridOf } from '../store/queries/grid.ts';
import { readGroupCurves } from '../store/queries/group-curves.ts';
import {
  type GroupLagRow,
  type LagNumbers,
  type PartitionLagRow,
  readGroupLags,
  readGroups,
} from '../store/queries/group-lags.ts';
import { readShareGroups } from '../store/queries/share-groups.ts';
import type { Topology } from '../store/queries/topology.ts';
import { known } from './bands.ts';
import { invalid, unknown } from './failure.ts';
import type { Range } from './request.ts';

/** How old the newest row of a group may be for it to be there still. */
const CURRENT_MS = 60_000;

export interface GroupsFilter {
  /** Groups and topics whose name holds this, in any case. */
  readonly search?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly state?: StageState | undefined;
  readonly limit: number;
}

/** Every group that was judged within the last minute, those first that need someone most, and share groups apart. */
export async function readGroupsView(
  store: Store,
  edges: Topology['edges'],
  filter: GroupsFilter,
  now: Millis,
): Promise<GroupsView> {
  const [rows, shares] = await Promise.all([
    readGroupLags(store, { from: now - CURRENT_MS, to: now + 1000 }),
    readShareGroups(store, now),
  ]);
  const topics = Map.groupBy(
    rows.filter(({ topic }) => topic !== ''),
    keyOf,
  );
  const readers = readersOf(edges);
  const search = filter.search?.toLowerCase() ?? '';
  const named = (group: string, read: readonly string[]) =>
    search === '' || [group, ...read].some((name) => name.toLowerCase().includes(search));
  const asked = rows
    .filter(({ topic }) => topic === '')
    .map((row) => summaryOf(row, topics.get(keyOf(row))?.map(({ topic }) => topic) ?? [], readers))
    .filter((group) => named(group.group, group.topics))
    .filter(({ pipeline }) => filter.pipeline === undefined || pipeline === filter.pipeline);
  const states: Partial<Record<StageState, number>> = {};
  for (const { state } of asked) states[state] = (states[state] ?? 0) + 1;
  const groups = asked.filter(({ state }) => filter.state === undefined || state === filter.state).sort(byNeed);
  return {
    now,
    groups: groups.slice(0, filter.limit),
    total: groups.length,
    states,
    shares: shares
      .filter(({ group, topics: read }) => named(group, read))
      .map((share) => ({ ...share, members: known(share.members), lag: known(share.lag) })),
  };
}

/** Where data loss is near first, then the worst state, then the longest lag in time. */
function byNeed(a: GroupSummary, b: GroupSummary): number {
  const rank = (group: GroupSummary) => STAGE_STATES.indexOf(group.state);
  return (
    Number(b.lossExpected) - Number(a.lossExpected) ||
    rank(b) - rank(a) ||
    (b.lagSeconds ?? -1) - (a.lagSeconds ?? -1) ||
    (b.lag ?? -1) - (a.lag ?? -1) ||
    (a.group < b.group ? -1 : 1)
  );
}

/**
 * One group with its topics and partitions. Without `cluster` the only one of that name; throws `RequestError` 404 of a group that was
 * not judged within the last minute, 400 where several clusters have one of that name.
 */
export async function readGroupView(
  store: Store,
  edges: Topology['edges'],
  named: { readonly group: string; readonly cluster: string | undefined },
  now: Millis,
): Promise<GroupView> {
  const { group, cluster } = named;
  const found = await readGroups(store, { at: now, group, ...(cluster === undefined ? {} : { cluster }) });
  const row = found.find((one) => one.cluster === '') ?? found[0];
  if (row === undefined) {
    throw unknown('api_group_unknown', `No group "${group}" was judged within the last minute`);
  }
  if (found.length > 1 && row.cluster !== '') {
    const clusters = found.map((one) => one.cluster).join(', ');
    throw invalid('query.cluster', `There is a group "${group}" in each of the clusters ${clusters}: say which`);
  }
  return {
    now,
    ...summaryOf(
      row,
      row.topics.map(({ topic }) => topic),
      readersOf(edges),
    ),
    topicLags: row.topics.map(
      (topic): GroupTopicView => ({
        topic: topic.topic,
        partitions: topic.partitions,
        waiting: topic.waiting,
        ...lagView(topic),
      }),
    ),
    partitionLags: row.topics.flatMap((topic) => topic.partitionLags.map(partitionView)),
  };
}

/** A group's states, lag and rates over a range; with `topic` of that topic alone. */
export async function readGroupHistory(
  store: Store,
  named: { readonly cluster: string; readonly group: string; readonly topic: string },
  range: Range,
): Promise<GroupHistoryView> {
  const grid = gridOf(range.from, range.to, range.step);
  const curves = await readGroupCurves(store, { ...named, grid });
  const column = (values: Float64Array) => Array.from(values, known);
  return {
    ...grid,
    states: curves.states.map((state) => state ?? null),
    lagSeconds: column(curves.lagSeconds),
    lagError: column(curves.lagError),
    lag: column(curves.lag),
    endRate: column(curves.endRate),
    commitRate: column(curves.commitRate),
    retention: known(curves.retention.findLast((value) => !Number.isNaN(value))),
  };
}

export function partitionView(row: PartitionLagRow) {
  return {
    topic: row.topic,
    partition: row.partition,
    committed: known(row.committed),
    end: known(row.end),
    oldest: known(row.oldest),
    pause: known(row.pause),
    ...lagView(row),
  };
}

type Readers = ReadonlyMap<string, Topology['edges']>;

/** The edges over which groups read, by group. */
function readersOf(edges: Topology['edges']): Readers {
  return Map.groupBy(
    edges.filter(({ kind }) => kind === 'consumes'),
    ({ group }) => group,
  );
}

function summaryOf(row: GroupLagRow, topics: readonly string[], readers: Readers): GroupSummary {
  const { cluster, group, pipeline, type, partitions, waiting } = row;
  const own = readers.get(group) ?? [];
  const home = own.find((edge) => edge.pipeline === pipeline && topics.includes(edge.from)) ?? own[0];
  return {
    ...{ cluster, group, type, members: known(row.members), partitions, waiting, topics },
    pipeline: home?.pipeline ?? pipeline,
    stage: home?.to ?? '',
    ...lagView(row),
  };
}

function lagView(row: LagNumbers): LagView {
  return {
    ...{ state: row.state, since: row.since, reason: row.reason, atLeast: row.atLeast },
    ...{ lag: known(row.lag), lagSeconds: known(row.lagSeconds), lagError: known(row.lagError) },
    ...{ endRate: known(row.endRate), commitRate: known(row.commitRate), headroom: known(row.headroom) },
    ...{ catchUp: ahead(row.catchUpSeconds), lossExpected: row.lossExpected, lost: known(row.lost) },
    ...{ loss: ahead(row.lossSeconds), lossLower: ahead(row.lossLower), lossUpper: ahead(row.lossUpper) },
  };
}

function ahead(seconds: number): Ahead {
  return seconds === Number.POSITIVE_INFINITY ? 'never' : known(seconds);
}

const keyOf = ({ cluster, group }: Pick<GroupLagRow, 'cluster' | 'group'>) => JSON.stringify([cluster, group]);
