import { ATTR, METRIC } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { BackdatedPoint } from './backdating.ts';
import type { Commits } from './commits.ts';
import type { Details } from './details.ts';
import { encodeAttributes, GaugeEncoder } from './gauge-encoder.ts';
import type { ShareStart } from './group-offsets.ts';
import type { Group } from './groups.ts';
import type { Topics } from './topics.ts';

/** What one round found out. Columns have an entry for each row of `topics`, NaN where nothing was answered. */
export interface Round {
  readonly alias: string;
  readonly time: Millis;
  readonly topics: Topics;
  readonly earliest: Float64Array;
  readonly stable: Float64Array;
  readonly ends: Float64Array;
  readonly groups: readonly Group[];
  readonly commits: Commits;
  readonly shares: readonly ShareStart[];
  readonly backdated: readonly BackdatedPoint[];
  readonly details: Details | undefined;
}

/**
 * A round as OTLP gauges under the names and attributes (`group`, `topic`, `partition`) of the Collector's Kafka
 * metrics receiver and, where it has none, ours. What is not known has no point. Resolves to the number of points when
 * all of them are durable.
 */
export async function reportRound(round: Round, consume: (request: Buffer) => Promise<unknown>): Promise<number> {
  const { alias, topics } = round;
  const cluster = topics.clusterId === '' ? {} : { [ATTR.kafkaClusterId]: topics.clusterId };
  const resource = { [ATTR.serviceName]: 'kafka', [ATTR.kafkaClusterAlias]: alias, ...cluster };
  const encoder = new GaugeEncoder({ resource, scope: 'weir/kafka_lag', consume });
  reportCluster(round, encoder);
  const ofTopic = topics.list.map(({ name }) => encodeAttributes({ topic: name }));
  await reportPartitions(round, encoder, ofTopic);
  await reportBackdated(round, encoder, ofTopic);
  await reportDetails(round, encoder, ofTopic);
  await reportGroups(round, encoder);
  await reportCommits(round, encoder);
  await reportShares(round, encoder);
  await encoder.flush();
  return encoder.points;
}

function reportCluster({ topics, time }: Round, encoder: GaugeEncoder): void {
  const none = encodeAttributes({});
  encoder.metric(METRIC.kafkaBrokers, '{broker}', time);
  encoder.int(none, -1, topics.brokers.size);
  encoder.metric(METRIC.partitionsOffline, '{partition}', time);
  encoder.int(none, -1, topics.offline);
  encoder.metric(METRIC.partitionsUnderReplicated, '{partition}', time);
  encoder.int(none, -1, topics.underReplicated);
}

async function reportPartitions(round: Round, encoder: GaugeEncoder, ofTopic: readonly Buffer[]): Promise<void> {
  const { topics, time } = round;
  encoder.metric(METRIC.kafkaTopicPartitions, '{partition}', time);
  for (const [index, topic] of topics.list.entries()) {
    encoder.int(ofTopic[index] as Buffer, -1, topic.partitions);
    if (encoder.isFull) await encoder.flush();
  }
  encoder.metric(METRIC.topicIdentity, '1', time);
  for (const [index, { identity }] of topics.list.entries()) {
    if (identity !== undefined) encoder.int(ofTopic[index] as Buffer, -1, identity);
    if (encoder.isFull) await encoder.flush();
  }
  const columns = [
    [METRIC.kafkaPartitionOffset, '{record}', round.ends],
    [METRIC.kafkaPartitionOldest, '{record}', round.earliest],
    [METRIC.partitionStableOffset, '{record}', round.stable],
    [METRIC.kafkaPartitionReplicas, '{replica}', topics.replicas],
    [METRIC.kafkaPartitionInSync, '{replica}', topics.inSync],
  ] as const;
  for (const [name, unit, column] of columns) await reportColumn(round, encoder, ofTopic, name, unit, column);
}

async function reportColumn(
  { topics, time }: Round,
  encoder: GaugeEncoder,
  ofTopic: readonly Buffer[],
  name: string,
  unit: string,
  column: ArrayLike<number>,
): Promise<void> {
  encoder.metric(name, unit, time);
  for (const [index, { first, partitions }] of topics.list.entries()) {
    for (let p = 0; p < partitions; p++) {
      const value = column[first + p] as number;
      if (!Number.isNaN(value)) encoder.int(ofTopic[index] as Buffer, p, value);
    }
    if (encoder.isFull) await encoder.flush();
  }
}

/** "At that time the log ended there" is a sample of the log end like any other, only older. */
async function reportBackdated(round: Round, encoder: GaugeEncoder, ofTopic: readonly Buffer[]): Promise<void> {
  const { topics, backdated } = round;
  const indexOf = new Map(topics.list.map((topic, index) => [topic, index]));
  for (const { row, time, offset } of backdated) {
    const topic = topics.topicOf(row);
    encoder.metric(METRIC.kafkaPartitionOffset, '{record}', time);
    encoder.int(ofTopic[indexOf.get(topic) as number] as Buffer, row - topic.first, offset);
    if (encoder.isFull) await encoder.flush();
  }
}

async function reportDetails(round: Round, encoder: GaugeEncoder, ofTopic: readonly Buffer[]): Promise<void> {
  const { topics, time, details } = round;
  if (details === undefined) return;
  const values = [
    [METRIC.topicRetentionTime, 's', (name: string) => seconds(details.settings.get(name)?.retentionMs)],
    [METRIC.topicRetentionSize, 'By', (name: string) => details.settings.get(name)?.retentionBytes],
    [METRIC.topicCompacted, '1', (name: string) => flag(details.settings.get(name)?.isCompacted)],
  ] as const;
  for (const [metric, unit, read] of values) {
    encoder.metric(metric, unit, time);
    for (const [index, { name }] of topics.list.entries()) {
      const value = read(name);
      if (value !== undefined) encoder.double(ofTopic[index] as Buffer, -1, value);
      if (encoder.isFull) await encoder.flush();
    }
  }
  await reportColumn(round, encoder, ofTopic, METRIC.partitionSize, 'By', details.sizes);
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

async function reportGroups({ groups, time }: Round, encoder: GaugeEncoder): Promise<void> {
  encoder.metric(METRIC.groupState, '1', time);
  for (const { id, state, type } of groups) {
    encoder.int(encodeAttributes({ group: id, state, type }), -1, 1);
    if (encoder.isFull) await encoder.flush();
  }
  encoder.metric(METRIC.kafkaGroupMembers, '{member}', time);
  for (const { id, members } of groups) {
    if (members !== undefined) encoder.int(encodeAttributes({ group: id }), -1, members);
    if (encoder.isFull) await encoder.flush();
  }
}

/** Commits of one group in one topic, which stand together. */
interface Run {
  readonly attributes: Buffer;
  /** Row of the topic's first partition. */
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

async function reportCommits(round: Round, encoder: GaugeEncoder): Promise<void> {
  const { commits, time } = round;
  const { rows, offsets } = commits;
  const runs = runsOf(round);
  const lags = lagsOf(round);
  encoder.metric(METRIC.kafkaGroupOffset, '{record}', time);
  for (const { attributes, first, from, to } of runs) {
    for (let i = from; i < to; i++) encoder.int(attributes, (rows[i] as number) - first, offsets[i] as number);
    if (encoder.isFull) await encoder.flush();
  }
  encoder.metric(METRIC.kafkaLag, '{record}', time);
  for (const { attributes, first, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const lag = lags[i] as number;
      if (!Number.isNaN(lag)) encoder.int(attributes, (rows[i] as number) - first, lag);
    }
    if (encoder.isFull) await encoder.flush();
  }
  // A sum over some of the partitions would look like records that were read: it waits until all are known.
  for (const [name, column] of [
    [METRIC.kafkaGroupOffsetSum, offsets],
    [METRIC.kafkaGroupLagSum, lags],
  ] as const) {
    encoder.metric(name, '{record}', time);
    for (const { attributes, from, to } of runs) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += column[i] as number;
      if (Number.isSafeInteger(sum)) encoder.int(attributes, -1, sum);
      if (encoder.isFull) await encoder.flush();
    }
  }
}

function runsOf({ commits, groups, topics }: Round): Run[] {
  const runs: Run[] = [];
  for (let from = 0; from < commits.length; ) {
    const group = commits.groups[from] as number;
    const topic = topics.topicOf(commits.rows[from] as number);
    const beyond = topic.first + topic.partitions;
    let to = from + 1;
    while (to < commits.length && commits.groups[to] === group) {
      const row = commits.rows[to] as number;
      if (row < topic.first || row >= beyond) break;
      to++;
    }
    const id = (groups[group] as Group).id;
    runs.push({ attributes: encodeAttributes({ group: id, topic: topic.name }), first: topic.first, from, to });
    from = to;
  }
  return runs;
}

/**
 * Records between the commit, or the oldest record kept where retention has overtaken it, and the log end: at least 0,
 * since the end is read after the commit but may have been read from a broker that lags behind. NaN where the end is
 * not known.
 */
function lagsOf({ commits, earliest, ends }: Round): Float64Array {
  const lags = new Float64Array(commits.length);
  for (let i = 0; i < commits.length; i++) {
    const row = commits.rows[i] as number;
    const start = earliest[row] as number;
    const next = Math.max(commits.offsets[i] as number, Number.isNaN(start) ? 0 : start);
    lags[i] = Math.max(0, (ends[row] as number) - next);
  }
  return lags;
}

async function reportShares({ topics, shares, ends, time }: Round, encoder: GaugeEncoder): Promise<void> {
  const place = ({ group, row }: ShareStart) => {
    const topic = topics.topicOf(row);
    return { attributes: encodeAttributes({ group, topic: topic.name }), partition: row - topic.first };
  };
  encoder.metric(METRIC.shareGroupStart, '{record}', time);
  for (const share of shares) {
    const { attributes, partition } = place(share);
    encoder.int(attributes, partition, share.start);
    if (encoder.isFull) await encoder.flush();
  }
  encoder.metric(METRIC.shareGroupLag, '{record}', time);
  for (const share of shares) {
    const { attributes, partition } = place(share);
    const lag = share.lag ?? Math.max(0, (ends[share.row] as number) - share.start);
    if (!Number.isNaN(lag)) encoder.int(attributes, partition, lag);
    if (encoder.isFull) await encoder.flush();
  }
}
