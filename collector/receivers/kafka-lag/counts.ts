import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../../../core/telemetry.ts';

/** The receiver's own metrics, one set for all clusters. */
export function createLagCounts({ registry }: Telemetry) {
  const registers = [registry];
  const labelNames = ['cluster'];
  return {
    rounds: new Counter({
      name: 'weir_collector_kafka_lag_rounds_total',
      help: 'Rounds of reading a Kafka cluster, by outcome',
      labelNames: ['cluster', 'outcome'],
      registers,
    }),
    failures: new Counter({
      name: 'weir_collector_kafka_lag_failures_total',
      help: 'Groups, topics, partitions and requests without an answer in a round, by reason',
      labelNames: ['cluster', 'reason'],
      registers,
    }),
    points: new Counter({
      name: 'weir_collector_kafka_lag_points_total',
      help: 'Data points made durable',
      labelNames,
      registers,
    }),
    backdated: new Counter({
      name: 'weir_collector_kafka_lag_backdated_total',
      help: 'Data points that tell where a log ended before it was first polled',
      labelNames,
      registers,
    }),
    partitions: new Gauge({
      name: 'weir_collector_kafka_lag_partitions',
      help: 'Partitions of consumer groups with a commit in the last successful round',
      labelNames,
      registers,
    }),
    seconds: new Gauge({
      name: 'weir_collector_kafka_lag_round_seconds',
      help: 'How long the last successful round took, until its points were durable',
      labelNames,
      registers,
    }),
  };
}
export type LagCounts = ReturnType<typeof createLagCounts>;
