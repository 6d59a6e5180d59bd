import { Counter, Gauge } from 'prom-client';
import { errorMessage, WeirError } from '../../../core/errors.ts';
import type { Service } from '../../../core/service.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Millis } from '../../../core/time.ts';
import type { MetricsRequest } from '../../otlp/model.ts';
import { type KafkaLagConfig, kafkaBrokers } from './config.ts';
import { type OffsetTable, pollLag } from './poll.ts';
import { lagRequest } from './report.ts';
import { type KafkaSource, openKafkaSource } from './source.ts';

export interface KafkaLagOptions {
  readonly config: KafkaLagConfig;
  /** Makes a request durable; a rejection counts the round as failed, and the next one tells the newer state. */
  readonly consume: (request: MetricsRequest) => Promise<unknown>;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
  readonly env?: NodeJS.ProcessEnv;
  readonly open?: (brokers: readonly string[]) => KafkaSource;
}

const STOP_MS = 3000;
const ROUND_TIMEOUT_MS = 30_000;

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new WeirError('collector_kafka_lag_late', `Kafka did not answer within ${ms / 1000} s`, {
      retryable: true,
    });
    timer = setTimeout(() => reject(error), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * Reads consumer lag from Kafka every `poll_interval` and hands it on as OTLP metrics. Off when no broker is known.
 * A broker that is away is asked again in the next round, over a new connection; rounds are counted by outcome and
 * nothing it answers ends the collector.
 */
export function createKafkaLagReceiver(options: KafkaLagOptions): Service {
  const { config, consume, telemetry, now = Date.now, open = openKafkaSource } = options;
  const brokers = kafkaBrokers(config, options.env);
  const registers = [telemetry.registry];
  const rounds = new Counter({
    name: 'weir_collector_kafka_lag_rounds_total',
    help: 'Rounds of reading consumer lag from Kafka, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const watched = new Gauge({
    name: 'weir_collector_kafka_lag_partitions',
    help: 'Partitions of consumer groups seen in the last successful round',
    registers,
  });
  for (const outcome of ['reported', 'failed']) rounds.inc({ outcome }, 0);

  const table: OffsetTable = new Map();
  const groupMatch = new RegExp(config.group_match);
  const topicMatch = new RegExp(config.topic_match);
  let source: KafkaSource | undefined;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;
  let running = false;
  let failing = false;

  async function closeSource(): Promise<void> {
    const closing = source;
    source = undefined;
    await within(closing?.close() ?? Promise.resolve(), STOP_MS).catch(() => {});
  }

  async function report(): Promise<void> {
    try {
      source ??= open(brokers);
      const lag = await within(pollLag({ source, table, groupMatch, topicMatch, now }), ROUND_TIMEOUT_MS);
      if (!running) return;
      const { request, points } = lagRequest(lag, now());
      if (points > 0) await consume(request);
      rounds.inc({ outcome: 'reported' });
      watched.set(lag.lags.length);
      if (failing) telemetry.log.info({ event: 'collector_kafka_lag_recovered', brokers }, 'Kafka answers again');
      failing = false;
    } catch (error) {
      if (!running) return;
      rounds.inc({ outcome: 'failed' });
      // One line when it begins to fail; the counter tells how long it goes on.
      if (!failing) {
        const reason = errorMessage(error);
        telemetry.log.warn({ event: 'collector_kafka_lag_failed', brokers, reason }, 'consumer lag could not be read');
      }
      failing = true;
      await closeSource();
    }
  }

  function schedule(): void {
    const began = now();
    round = report().then(() => {
      if (running) timer = setTimeout(schedule, Math.max(100, config.poll_interval - (now() - began)));
    });
  }

  return {
    name: 'kafka_lag',
    async start() {
      if (running || brokers.length === 0) return;
      running = true;
      telemetry.log.info({ event: 'collector_kafka_lag_started', brokers }, 'reading consumer lag from Kafka');
      schedule();
    },
    async stop() {
      running = false;
      clearTimeout(timer);
      await closeSource();
      await within(round ?? Promise.resolve(), STOP_MS).catch(() => {});
    },
  };
}
