import { type Admin, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { createKafkaLagReceiver } from '../../collector/receivers/kafka-lag/receiver.ts';
import type { Service } from '../../core/service.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { type PipelinesConfig, pipelinesConfig } from '../../pipelines/config.ts';
import { createLag } from '../../pipelines/lag-round.ts';
import {
  type GroupLagRow,
  type PartitionLagRow,
  readGroupLags,
  readPartitionLags,
} from '../../store/queries/group-lags.ts';
import { startTestCollector } from '../collector/harness.ts';
import { pointsOf } from '../collector/receivers/kafka-lag/observed.ts';
import { startTestStore } from '../store/harness.ts';

export const POLL_S = 2;
/** Rounds follow each other at this distance, and judge what had come in a second before. */
const ROUND_MS = 2000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await pause(50);
  }
}

/** What was written to a topic of one partition: when each record was, by its offset. Markers of transactions have no time. */
export interface Written {
  readonly topic: string;
  readonly times: Map<number, number>;
  /** When it was known to have been appended. */
  readonly acked: Map<number, number>;
  /** Writes records one after the other; resolves when they are acknowledged. */
  send(count?: number, value?: string, timestamp?: number): Promise<void>;
}

/** A group in partition 0 of a topic as a round saw it, and what was true then. */
export interface Moment {
  /** Unix milliseconds of the poll the round rests on. */
  readonly polled: number;
  readonly partition: PartitionLagRow;
  readonly group: GroupLagRow;
  /** Age in seconds of the record at the committed offset, or the first one after it, at the poll; 0 where there is none. */
  readonly truth: number;
  /** Seconds between when that record was sent and when the broker had acknowledged it. */
  readonly sending: number;
  /** Seconds between the polls before and after that record was written: what a poll can tell at best. */
  readonly gap: number;
}

export interface LagStand {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
  /** Makes a topic of one partition and, unless `unwatched`, waits until it has been polled: what is written then has samples on both sides. */
  topic(name: string, settings?: Readonly<Record<string, string | number>>, unwatched?: boolean): Promise<Written>;
  /** Rounds so far in which this group was known. */
  moments(group: string, written: Written): Moment[];
  groupRows(group: string): GroupLagRow[];
  stop(): Promise<void>;
}

interface Round {
  readonly polled: number;
  readonly groups: readonly GroupLagRow[];
  readonly partitions: readonly PartitionLagRow[];
}

/** What a round rests on, and how the store is asked whether it is there: what feeds a rollup is seen a moment before the rollup. */
const SEEN: ReadonlySet<string> = new Set(['kafka.partition.current_offset', 'kafka.consumer_group.offset']);
const STORED = `SELECT MetricName AS metric, toFloat64(intDiv(max(Last).1, 1000000)) AS at FROM gauge_10s
WHERE MetricName IN {metrics:Array(String)} GROUP BY metric`;

/**
 * Everything that makes a lag in time, for real: the receiver polls the broker, the collector takes its points in over its spool, the embedded engine
 * keeps them, rounds of the lag model judge them. A poll waits while a round is made, so that it is known which one the round saw.
 */
export async function startLagStand(broker: string, config: Partial<PipelinesConfig> = {}): Promise<LagStand> {
  const stand = await startTestStore();
  const collector = await startTestCollector(stand.store);
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 8 } });
  const admin = kafka.admin();
  await admin.connect();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();

  let polled = 0;
  const polls: number[] = [];
  const newest = new Map<string, number>();
  let busy: Promise<unknown> = Promise.resolve();
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const done = busy.then(work);
    busy = done.catch(() => undefined);
    return done;
  };
  const receiver: Service = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({
      ...{ brokers: [broker], poll_interval: `${POLL_S}s`, timeout: '2s', details_interval: '5s' },
    }),
    consume: (request) =>
      exclusively(async () => {
        const headers = { 'content-type': 'application/x-protobuf' };
        const response = await fetch(`${collector.http}/v1/metrics`, { method: 'POST', headers, body: request });
        if (!response.ok) throw new Error(`the collector answered ${response.status}`);
        for (const { metric, time } of pointsOf(request)) {
          if (SEEN.has(metric)) newest.set(metric, Math.max(time, newest.get(metric) ?? 0));
          if (metric !== 'kafka.brokers') continue;
          polled = time;
          polls.push(time);
        }
      }),
    telemetry: silentTelemetry(),
    now: Date.now,
    env: {},
  });
  await receiver.start();

  const limits = { ...pipelinesConfig.parse({}), ...config };
  const lag = createLag(stand.store, limits);
  const rounds: Round[] = [];
  let failure: unknown;
  async function round(): Promise<void> {
    await until('the poll is stored', async () => {
      const rows = await stand.store.rows<{ metric: string; at: number }>(STORED, { metrics: [...SEEN] });
      return [...newest].every(([metric, time]) => rows.some((row) => row.metric === metric && row.at >= time));
    });
    const at = Math.floor(Date.now() / 1000) * 1000 + 1000;
    await lag.round(at, Date.now());
    const range = { from: at, to: at + 1000 };
    const [groups, partitions] = await Promise.all([
      readGroupLags(stand.store, range),
      readPartitionLags(stand.store, range),
    ]);
    rounds.push({ polled, groups, partitions });
  }
  let running = true;
  const looping = (async () => {
    while (running) {
      const began = Date.now();
      await exclusively(round).catch((error: unknown) => {
        failure ??= error;
      });
      await pause(Math.max(0, ROUND_MS - (Date.now() - began)));
    }
  })();

  const gapAround = (time: number) => {
    const after = polls.findIndex((poll) => poll >= time);
    return after > 0 ? ((polls[after] as number) - (polls[after - 1] as number)) / 1000 : POLL_S;
  };
  const seen = () => {
    if (failure !== undefined) throw failure;
    return rounds;
  };
  return {
    ...{ kafka, admin, producer },
    async topic(topic, settings = {}, unwatched = false) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }));
      await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
      const made = Date.now();
      if (!unwatched) await until('it is polled', () => (polls.at(-1) ?? 0) > made + 500);
      const times = new Map<number, number>();
      const acked = new Map<number, number>();
      return {
        ...{ topic, times, acked },
        async send(count = 1, value = 'x', timestamp = Date.now()) {
          const message = { value, timestamp: String(timestamp), key: 'k' };
          const [sent] = await producer.send({ topic, messages: Array.from({ length: count }, () => message) });
          const first = Number(sent?.baseOffset);
          const now = Date.now();
          for (let i = 0; i < count; i++) {
            times.set(first + i, timestamp);
            acked.set(first + i, now);
          }
        },
      };
    },
    moments(group, { topic, times, acked }) {
      const last = Math.max(-1, ...times.keys());
      return seen().flatMap(({ polled: at, groups, partitions }) => {
        const partition = partitions.find((row) => row.group === group && row.topic === topic);
        const whole = groups.find((row) => row.group === group && row.topic === '');
        if (partition === undefined || whole === undefined) return [];
        let offset = Math.max(partition.committed, partition.oldest || 0);
        while (offset <= last && !times.has(offset)) offset++;
        const time = times.get(offset);
        // What was written after the poll does not wait yet.
        const truth = time === undefined || time > at || offset >= partition.end ? 0 : (at - time) / 1000;
        const sending = ((acked.get(offset) ?? at) - (time ?? at)) / 1000;
        return [{ polled: at, partition, group: whole, truth, sending, gap: gapAround(time ?? at) }];
      });
    },
    groupRows: (group) =>
      seen().flatMap(({ groups }) => groups.filter((row) => row.group === group && row.topic === '')),
    async stop() {
      running = false;
      await looping;
      await receiver.stop();
      await producer.disconnect();
      await admin.disconnect();
      await collector.stop();
      await stand.stop();
    },
  };
}

/** The states in order, without repetitions. */
export function statesOf(moments: readonly Moment[]): string[] {
  return moments.map(({ group }) => group.state).filter((state, i, all) => state !== all[i - 1]);
}

/** A poll is no instant: its log ends are read some milliseconds after the time it bears, on a busy machine more. */
const POLL_TAKES_S = 0.3;

export interface Worst {
  readonly rounds: number;
  /** Largest |stated - true| in seconds, and the largest share of what is allowed: from one poll to the next and a twentieth of the truth. */
  readonly error: number;
  readonly ofAllowed: number;
  /** Seconds by which the truth lay outside what was stated, at worst. */
  readonly outside: number;
  /** Largest bound stated, and the longest time between two polls. */
  readonly bound: number;
  readonly gap: number;
  readonly largest: number;
  /** Rounds that took the only record that waited for a marker (`allowed_lag`), those that stated a lower bound only, and the longest a record took from its timestamp into the log. */
  readonly trailing: number;
  readonly atLeast: number;
  readonly sending: number;
}

/** How far what was stated was from the truth. */
export function worstOf(moments: readonly Moment[]): Worst {
  const worst = {
    rounds: 0,
    error: 0,
    ofAllowed: 0,
    outside: 0,
    bound: 0,
    gap: 0,
    largest: 0,
    trailing: 0,
    atLeast: 0,
    sending: 0,
  };
  for (const { partition, truth, gap, sending } of moments) {
    const { lagSeconds, lagError, atLeast, lag } = partition;
    if (Number.isNaN(lagSeconds)) {
      if (lag > 0) worst.outside = Number.POSITIVE_INFINITY;
      continue;
    }
    if (lag === 1 && lagSeconds === 0) {
      worst.trailing++;
      continue;
    }
    worst.rounds++;
    worst.gap = Math.max(worst.gap, gap);
    worst.largest = Math.max(worst.largest, truth);
    worst.bound = Math.max(worst.bound, lagError);
    worst.sending = Math.max(worst.sending, sending);
    const error = Math.abs(lagSeconds - truth);
    if (atLeast) worst.atLeast++;
    else {
      worst.error = Math.max(worst.error, error);
      worst.ofAllowed = Math.max(worst.ofAllowed, error / (Math.max(POLL_S, gap) + 0.05 * truth + POLL_TAKES_S));
    }
    // A record bears the time at which it was sent, and was in the log when that was acknowledged.
    const below = atLeast ? 0 : truth - sending - lagSeconds - lagError;
    const above = lagSeconds - (atLeast ? 0 : lagError) - truth;
    worst.outside = Math.max(worst.outside, below - POLL_TAKES_S, above - POLL_TAKES_S);
  }
  return worst;
}
