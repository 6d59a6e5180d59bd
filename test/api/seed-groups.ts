import type { StageState } from '../../core/state.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../../store/client.ts';
import {
  type GroupLagRow,
  type LagNumbers,
  type PartitionLagRow,
  writeGroupLags,
  writePartitionLags,
} from '../../store/queries/group-lags.ts';
import { insertStock } from '../store/stock-rows.ts';

const UNKNOWN = Number.NaN;
const NEVER = Number.POSITIVE_INFINITY;

const CALM: Omit<LagNumbers, 'time'> = {
  ...{ state: 'healthy', since: 0, lag: 0, lagSeconds: 0, lagError: 0, atLeast: false, endRate: 184, commitRate: 184 },
  ...{ catchUpSeconds: 0, headroom: 7200, lossSeconds: NEVER, lossLower: NEVER, lossUpper: NEVER, lossExpected: false },
  ...{ lost: 0, reason: 'commits 184 records/s, nothing waiting' },
};

interface Told {
  readonly group: string;
  readonly topic: string;
  readonly type?: string;
  readonly members: number;
  readonly partitions: number;
  /** What it was like `seconds` before now. */
  readonly at: (seconds: number) => Partial<LagNumbers>;
}

/** How groups of one cluster stood, one for each thing that is to be told of one. */
export const TOLD: readonly Told[] = [
  {
    ...{ group: 'enrichment', topic: 'orders', members: 3, partitions: 6 },
    at: (ago) => {
      const behind = 720 - ago;
      if (behind < 0) return {};
      const lagSeconds = 0.6 + behind * 0.66;
      return {
        ...{
          state: 'falling_behind',
          lag: behind * 123,
          lagSeconds,
          lagError: 3,
          commitRate: 61,
          catchUpSeconds: NEVER,
        },
        ...{ headroom: 7200 - lagSeconds, lossSeconds: 8700, lossLower: 6480, lossUpper: 11_400, lossExpected: true },
        reason: 'commits 61 of 184 records/s, 8 min behind',
      };
    },
  },
  {
    ...{ group: 'warehouse-sink', topic: 'payments', members: 0, partitions: 3 },
    at: (ago) =>
      ago > 1800
        ? { lag: 12, lagSeconds: 0.4, lagError: 0.2 }
        : {
            ...{ state: 'dead', lag: (1800 - ago) * 61, lagSeconds: 10_800, lagError: UNKNOWN, atLeast: true },
            ...{ commitRate: 0, catchUpSeconds: NEVER, lossSeconds: UNKNOWN, headroom: UNKNOWN, lost: 1200 },
            reason: 'the group has no members, 109,800 records waiting, at least 3 h behind',
          },
  },
  {
    ...{ group: 'payments', topic: 'orders.enriched', type: 'consumer', members: 2, partitions: 3 },
    at: (ago) => ({
      ...{ state: ago < 600 ? 'catching_up' : 'falling_behind', lag: 900 + ago, lagSeconds: 42 + ago / 9, lagError: 2 },
      ...{ commitRate: 212, catchUpSeconds: 180, reason: 'commits 212 of 184 records/s, caught up in about 3 min' },
    }),
  },
  {
    ...{ group: 'audit', topic: 'orders', members: 1, partitions: 6 },
    at: () => ({ state: 'idle', endRate: 0, commitRate: 0, reason: 'nothing to read' }),
  },
  {
    ...{ group: 'replayer', topic: 'orders', members: 1, partitions: 6 },
    at: (ago) => ({
      ...(ago < 300
        ? { state: 'rewound' as StageState, lag: 48_000, lagSeconds: 260, lagError: 4, catchUpSeconds: 61 }
        : {}),
      reason: 'reads again what it had read: its offset was set back, or the log cut off; 48,000 records waiting',
    }),
  },
  {
    ...{ group: 'newcomer', topic: 'payments', members: 4, partitions: 0 },
    at: () => ({
      ...{
        state: 'no_commits',
        lag: UNKNOWN,
        lagSeconds: UNKNOWN,
        lagError: UNKNOWN,
        endRate: UNKNOWN,
        commitRate: UNKNOWN,
      },
      ...{
        catchUpSeconds: UNKNOWN,
        headroom: UNKNOWN,
        lossSeconds: UNKNOWN,
        reason: 'has members, but has committed nothing',
      },
    }),
  },
];

export const CLUSTER = 'prod';

/** Writes what became of the groups in `minutes` before `now`, a row every ten seconds, and a share group as it is now. */
export async function seedGroups(store: Store, now: number, minutes: number, told = TOLD): Promise<void> {
  const last = stepStart(now, STEP_MS);
  const groups: GroupLagRow[] = [];
  const partitions: PartitionLagRow[] = [];
  for (let ago = minutes * 60; ago >= 0; ago -= 10) {
    const time = last - ago * 1000;
    for (const one of told) {
      const numbers: LagNumbers = { ...CALM, since: time - 60_000, ...one.at(ago), time };
      const { group, members, type = 'classic' } = one;
      const row = {
        ...numbers,
        cluster: CLUSTER,
        group,
        pipeline: 'orders',
        type,
        members,
        partitions: one.partitions,
      };
      const waiting = numbers.lag > 0 ? one.partitions : 0;
      groups.push({ ...row, topic: '', waiting }, { ...row, topic: one.topic, waiting });
      if (ago > 600) continue;
      for (let partition = 0; partition < one.partitions; partition++) {
        const share = 1 + (partition - (one.partitions - 1) / 2) * 0.05;
        const lag = Math.round((numbers.lag / one.partitions) * share);
        partitions.push({
          ...{ ...numbers, lag, lagSeconds: numbers.lagSeconds * share, pause: 0 },
          ...{ cluster: CLUSTER, group, topic: one.topic, partition, committed: 1e6, end: 1e6 + lag, oldest: 4e5 },
        });
      }
    }
  }
  await writeGroupLags(store, groups);
  await writePartitionLags(store, partitions);
  await insertStock(store, 'otel_metrics_gauge', shareGroup(now - 8000));
}

function shareGroup(time: number): object[] {
  const gauge = (name: string, attributes: Readonly<Record<string, string>>, value: number) => ({
    ResourceAttributes: { 'service.name': 'kafka', 'kafka.cluster.alias': CLUSTER },
    ServiceName: 'kafka',
    MetricName: name,
    Attributes: { group: 'thumbnails', ...attributes },
    StartTimeUnix: String(Math.floor(time / 1000)),
    TimeUnix: `${(time / 1000).toFixed(3)}000000`,
    Value: value,
  });
  return [
    gauge('weir.consumer_group.state', { state: 'stable', type: 'share' }, 1),
    gauge('kafka.consumer_group.members', {}, 5),
    gauge('weir.share_group.lag', { topic: 'images', partition: '0' }, 30),
    gauge('weir.share_group.lag', { topic: 'images', partition: '1' }, 12),
  ];
}
