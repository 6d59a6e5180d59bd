import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, WeirError } from '../../../core/errors.ts';
import type { Health, Service } from '../../../core/service.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Admission } from '../../admission.ts';
import type { Ingest } from '../../ingest.ts';
import type { Encoding } from '../../otlp/answers.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../../otlp/model.ts';
import { within } from '../deadline.ts';
import type { KafkaOtlpConfig } from './config.ts';
import { createKafkaCounts } from './counts.ts';
import { OffsetLedger } from './ledger.ts';
import {
  type KafkaRecord,
  type OpenRecordSource,
  openRecordSource,
  type Position,
  type RecordSource,
} from './source.ts';

export interface KafkaOtlpOptions {
  readonly config: KafkaOtlpConfig;
  readonly ingest: Pick<Ingest, 'consume' | 'refused'>;
  readonly admission: Admission;
  readonly telemetry: Telemetry;
  readonly open?: OpenRecordSource;
  /** Waits between two attempts, in milliseconds. */
  readonly retry?: { readonly min: number; readonly max: number };
}

const RECEIVER = 'kafka_otlp';
const STOP_MS = 5000;
/** How often topics that did not exist are looked for again. */
const MISSING_MS = 30_000;

interface Partition {
  readonly ledger: OffsetLedger;
  leaderEpoch: number;
}

/**
 * OTLP out of Kafka topics. An offset is committed when the rows of its message and of all before it are durable;
 * what cannot be read is counted, logged with its offset, and passed over. While nothing can be made durable, or too
 * much is on its way, reading pauses; nothing is dropped. Brokers that are away are tried again for ever.
 */
export function createKafkaOtlpReceiver(options: KafkaOtlpOptions): Service & { health(): Health } {
  const { config, ingest, admission, telemetry, open = openRecordSource } = options;
  const retry = options.retry ?? { min: 500, max: 15_000 };
  const routes = new Map<string, { signal: OtlpSignal; encoding: Encoding }>();
  for (const signal of OTLP_SIGNALS) {
    const { topic, encoding } = config[signal];
    routes.set(topic, { signal, encoding: encoding === 'otlp_json' ? 'json' : 'protobuf' });
  }
  const counts = createKafkaCounts(telemetry, () => inFlight.size);
  const partitions = new Map<string, Partition>();
  const inFlight = new Set<Promise<void>>();
  /** Called when a message is dealt with. */
  let freed = () => {};
  let ending: AbortController | undefined;
  let loop: Promise<void> | undefined;
  let trouble: string | undefined;

  function take(record: KafkaRecord): OffsetLedger | undefined {
    const key = `${record.topic}/${record.partition}`;
    let partition = partitions.get(key);
    let state = partition?.ledger.begin(record.offset) ?? 'rewound';
    if (state === 'rewound') {
      if (partition !== undefined) {
        const place = { topic: record.topic, partition: record.partition, offset: String(record.offset) };
        telemetry.log.warn({ event: 'collector_kafka_otlp_rewound', ...place }, 'a partition begins again');
      }
      partition = { ledger: new OffsetLedger(record.offset), leaderEpoch: record.leaderEpoch };
      partitions.set(key, partition);
      state = partition.ledger.begin(record.offset);
    }
    if (partition === undefined || state === 'known') return undefined;
    partition.leaderEpoch = record.leaderEpoch;
    return partition.ledger;
  }

  /** Resolves when the record is dealt with; rejects only when the receiver ends before. */
  async function store(record: KafkaRecord, signal: AbortSignal): Promise<void> {
    const route = routes.get(record.topic);
    if (route === undefined || record.value === undefined) return skip(record, 'empty', 'the message has no value');
    for (;;) {
      signal.throwIfAborted();
      try {
        await consume(route.signal, route.encoding, record.value);
        counts.messages.inc({ topic: record.topic, outcome: 'stored' });
        return;
      } catch (error) {
        ingest.refused(RECEIVER, route.signal, error);
        if (!(error instanceof WeirError && error.retryable)) {
          return skip(record, error instanceof WeirError ? error.code : 'collector_internal', errorMessage(error));
        }
        await sleep(Math.min(error.retryAfterMs ?? 1000, retry.max), undefined, { signal });
      }
    }
  }

  async function consume(signal: OtlpSignal, encoding: Encoding, value: Uint8Array): Promise<void> {
    const ticket = admission.enter();
    try {
      ticket.grow(value.length);
      await ingest.consume(RECEIVER, signal, encoding, value);
    } finally {
      ticket.leave();
    }
  }

  function skip({ topic, partition, offset }: KafkaRecord, outcome: string, reason: string): void {
    counts.messages.inc({ topic, outcome });
    const place = { topic, partition, offset: String(offset) };
    telemetry.log.warn(
      { event: 'collector_kafka_otlp_skipped', ...place, outcome, reason },
      'a message was passed over',
    );
  }

  async function read(from: RecordSource, signal: AbortSignal): Promise<void> {
    for await (const record of from.records()) {
      if (signal.aborted) return;
      const ledger = take(record);
      if (ledger === undefined) {
        counts.messages.inc({ topic: record.topic, outcome: 'repeated' });
        continue;
      }
      const work = store(record, signal).then(
        () => ledger.done(record.offset),
        () => {},
      );
      inFlight.add(work);
      void work.finally(() => {
        inFlight.delete(work);
        freed();
      });
      if (inFlight.size >= config.max_in_flight) {
        await new Promise<void>((done) => {
          freed = done;
        });
      }
    }
  }

  async function commit(from: RecordSource): Promise<void> {
    const positions: Position[] = [];
    for (const [key, { ledger, leaderEpoch }] of partitions) {
      const at = key.lastIndexOf('/');
      const [topic, partition, offset] = [key.slice(0, at), Number(key.slice(at + 1)), ledger.uncommitted];
      if (offset !== undefined && from.owns(topic, partition))
        positions.push({ topic, partition, offset, leaderEpoch });
    }
    if (positions.length === 0) return;
    try {
      await from.commit(positions);
      for (const { topic, partition, offset } of positions) {
        partitions.get(`${topic}/${partition}`)?.ledger.committed(offset);
      }
      counts.commits.inc({ outcome: 'done' });
    } catch (error) {
      // Tried again with the next round; until then the records would come again, and are known.
      counts.commits.inc({ outcome: 'failed' });
      telemetry.log.debug(
        { event: 'collector_kafka_otlp_commit_failed', reason: errorMessage(error) },
        'not committed',
      );
    }
  }

  /** One life of the consumer: until it fails, the receiver stops, or a missing topic has appeared. */
  async function live(signal: AbortSignal): Promise<void> {
    const current = await open(config);
    let committing = Promise.resolve();
    const commitNow = () => {
      committing = committing.then(() => commit(current));
    };
    const timer = setInterval(commitNow, config.commit_interval);
    const search = setInterval(() => {
      void current.appeared().then(
        (found) => found && ended.resolve(),
        () => {},
      );
    }, MISSING_MS);
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => ended.resolve(), { once: true });
    try {
      connected(current.missing);
      current.onRebalance(commitNow);
      await Promise.race([read(current, signal), signal.aborted ? undefined : ended.promise]);
    } finally {
      clearInterval(timer);
      clearInterval(search);
      if (signal.aborted) await within(Promise.all(inFlight), STOP_MS);
      commitNow();
      await within(committing, STOP_MS);
      await within(current.close(), STOP_MS);
    }
  }

  function connected(missing: readonly string[]): void {
    const hint = missing.length > 0 ? { missing } : {};
    telemetry.log.info({ event: 'collector_kafka_otlp_connected', brokers: config.brokers, ...hint }, 'reading Kafka');
    trouble = undefined;
    counts.connected.set(1);
  }

  async function run(signal: AbortSignal): Promise<void> {
    let wait = retry.min;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await live(signal);
      } catch (error) {
        // One line when it begins to fail; the gauge tells how long it goes on.
        if (trouble === undefined) {
          const reason = errorMessage(error);
          telemetry.log.warn(
            { event: 'collector_kafka_otlp_failed', brokers: config.brokers, reason },
            'Kafka is away',
          );
        }
        trouble = `Kafka: ${errorMessage(error)}`;
        counts.connected.set(0);
      }
      if (performance.now() - began > retry.max) wait = retry.min;
      await sleep(wait, undefined, { signal }).catch(() => {});
      wait = Math.min(wait * 2, retry.max);
    }
  }

  return {
    name: RECEIVER,
    health() {
      return trouble === undefined ? { ready: true } : { ready: true, detail: trouble };
    },
    async start() {
      if (loop !== undefined || config.brokers.length === 0) return;
      ending = new AbortController();
      loop = run(ending.signal);
    },
    async stop() {
      ending?.abort();
      await within(loop ?? Promise.resolve(), 3 * STOP_MS);
      loop = undefined;
    },
  };
}
