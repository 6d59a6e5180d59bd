import { METRIC } from '../core/semconv.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import {
  type FactSeries,
  type Facts,
  type LagFact,
  readFactSeries,
  readFacts,
  readNewestFacts,
  readPoints,
} from '../store/queries/lag-facts.ts';
import { readResets } from '../store/queries/offset-samples.ts';
import type { LagBook, TopicFacts } from './lag-book.ts';
import { createSeriesIndex, halvesOf } from './lag-series.ts';

/** Series are known that spoke within this time: a restarted source has new ones, and samples lie under the old. */
const SERIES_MS = 30 * 86_400_000;
/** Facts may arrive this much later than their step, and count all the same. */
const LATE_MS = 30_000;
/** More unknown series than this are read all at once. */
const FEW = 1000;

/** Facts of one step in the order they must be told: what makes a log another one first, commits last. */
const ORDER: readonly LagFact[] = [
  ...[METRIC.topicRetentionTime, METRIC.topicRetentionSize, METRIC.topicIdentity],
  ...[METRIC.kafkaPartitionOffset, METRIC.kafkaPartitionOldest, METRIC.partitionStableOffset, METRIC.partitionSize],
  ...[METRIC.groupState, METRIC.kafkaGroupMembers, METRIC.kafkaGroupOffset],
];

type Tell = (value: number, at: Millis) => void;

/** Brings facts from the store into the book, round by round. */
export interface Intake {
  /**
   * Tells the book the facts of the steps up to `at` that it was not told yet, the first time those since `from`, and answers how many
   * there were.
   */
  take(from: Millis, at: Millis): Promise<number>;
}

export function createIntake(store: Store, book: LagBook): Intake {
  /** By series: the index of what is done with its points, 0 where they say nothing of use. */
  const known = createSeriesIndex();
  const tells: Tell[] = [() => undefined];
  /** By the same index: at what place of `ORDER` its points are told. */
  const orders: number[] = [0];
  const half = new BigUint64Array(1);
  const halves = halvesOf(half);
  let taken: Millis | undefined;

  function know(one: FactSeries): void {
    half[0] = one.series;
    if (known.find(halves[0] as number, halves[1] as number) >= 0) return;
    const tell = tellerOf(book, one);
    known.set(halves[0] as number, halves[1] as number, tell === undefined ? 0 : tells.length);
    if (tell === undefined) return;
    tells.push(tell);
    orders.push(ORDER.indexOf(one.metric));
  }

  async function load(at: Millis): Promise<void> {
    const [series, resets] = await Promise.all([readFactSeries(store, at - SERIES_MS), readResets(store)]);
    for (const one of series) know(one);
    for (const { cluster, topic, partition, time } of resets)
      book.ends.at(book.partition(cluster, topic, partition)).validSince = time;
  }

  /** The index of each fact's series; those that are not known are asked for. */
  async function indexesOf({ count, series }: Facts, at: Millis): Promise<Int32Array> {
    const parts = halvesOf(series);
    const indexes = new Int32Array(count);
    const find = (): bigint[] => {
      const unknown: bigint[] = [];
      for (let i = 0; i < count; i++) {
        const index = known.find(parts[i * 2] as number, parts[i * 2 + 1] as number);
        indexes[i] = Math.max(0, index);
        if (index < 0) unknown.push(series[i] as bigint);
      }
      return unknown;
    };
    const unknown = find();
    if (unknown.length === 0) return indexes;
    const only = unknown.length > FEW ? undefined : unknown;
    for (const one of await readFactSeries(store, at - SERIES_MS, only)) know(one);
    find();
    return indexes;
  }

  /** Tells facts step by step, those of a step in their order. */
  async function tell(facts: Facts, at: Millis): Promise<void> {
    const indexes = await indexesOf(facts, at);
    const { count, step, at: times, value } = facts;
    for (let begin = 0; begin < count; ) {
      let end = begin;
      while (end < count && step[end] === step[begin]) end++;
      const byOrder: number[][] = ORDER.map(() => []);
      for (let i = begin; i < end; i++) {
        const index = indexes[i] as number;
        if (index > 0) (byOrder[orders[index] as number] as number[]).push(i);
      }
      for (const points of byOrder)
        for (const i of points) (tells[indexes[i] as number] as Tell)(value[i] as number, times[i] as number);
      begin = end;
    }
  }

  return {
    async take(from, at) {
      if (taken === undefined) await load(at);
      const since = taken === undefined ? from : taken - LATE_MS;
      // The ends at the resolution of the polls come first; what the facts say of ends is then known already.
      await tell(await readPoints(store, since, at), at);
      const facts = taken === undefined ? await readFacts(store, from, at) : await readNewestFacts(store, since, at);
      await tell(facts, at);
      taken = at;
      return facts.count;
    },
  };
}

/** How a series of facts is told to the book; undefined where an attribute that names what it is of is missing. */
function tellerOf(book: LagBook, one: FactSeries): Tell | undefined {
  const { metric, cluster, topic, group, pipeline } = one;
  const partition = Number(one.partition);
  const hasPartition = topic !== '' && one.partition !== '' && Number.isInteger(partition) && partition >= 0;
  switch (metric) {
    case METRIC.kafkaPartitionOffset: {
      if (!hasPartition) return undefined;
      const i = book.partition(cluster, topic, partition);
      book.partitions[i]?.series.add(one.series);
      return (value, at) => {
        if (value >= 0) book.tellEnd(i, value, at);
      };
    }
    case METRIC.kafkaPartitionOldest: {
      if (!hasPartition) return undefined;
      const i = book.partition(cluster, topic, partition);
      return (value) => {
        if (value >= 0) book.tellOldest(i, value);
      };
    }
    case METRIC.partitionStableOffset:
    case METRIC.partitionSize: {
      if (!hasPartition) return undefined;
      const i = book.partition(cluster, topic, partition);
      const field = metric === METRIC.partitionSize ? 'size' : 'stable';
      return (value) => {
        book.ends.at(i)[field] = value;
      };
    }
    case METRIC.topicRetentionTime:
    case METRIC.topicRetentionSize:
    case METRIC.topicIdentity: {
      if (topic === '') return undefined;
      const i = book.topic(cluster, topic);
      const facts = book.topics[i] as TopicFacts;
      if (metric === METRIC.topicIdentity) return (value, at) => book.tellIdentity(i, value, at);
      return (value) => {
        const limit = value >= 0 ? value : Number.NaN;
        if (metric === METRIC.topicRetentionTime) facts.retention = limit * 1000;
        else facts.retentionBytes = limit;
      };
    }
    case METRIC.groupState: {
      if (group === '') return undefined;
      const i = book.group(cluster, group, pipeline);
      return (value, at) => {
        if (value === 1) book.tellState(i, one.state, one.type, at);
      };
    }
    case METRIC.kafkaGroupMembers: {
      if (group === '') return undefined;
      const i = book.group(cluster, group, pipeline);
      return (value, at) => book.tellMembers(i, value, at);
    }
    case METRIC.kafkaGroupOffset: {
      if (!hasPartition || group === '') return undefined;
      const of = book.partition(cluster, topic, partition);
      const groupIndex = book.group(cluster, group, pipeline);
      let i: number | undefined;
      // Brokers report -1 for a partition without a commit.
      return (value, at) => {
        if (value < 0) return;
        i ??= book.position(groupIndex, of);
        book.tellCommitted(i, value, at);
      };
    }
  }
}
