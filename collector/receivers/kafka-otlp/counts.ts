import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../../../core/telemetry.ts';

/** What the receiver tells about itself. `inFlight` is asked for at each scrape. */
export function createKafkaCounts({ registry }: Telemetry, inFlight: () => number) {
  const registers = [registry];
  const connected = new Gauge({
    name: 'weir_collector_kafka_otlp_connected',
    help: '1 while the receiver is a member of its consumer group',
    registers,
  });
  new Gauge({
    name: 'weir_collector_kafka_otlp_in_flight',
    help: 'Messages read from Kafka and not durable yet',
    registers,
    collect() {
      this.set(inFlight());
    },
  });
  return {
    connected,
    messages: new Counter({
      name: 'weir_collector_kafka_otlp_messages_total',
      help: 'Messages by what became of them: stored, repeated (known already), or passed over with the reason',
      labelNames: ['topic', 'outcome'],
      registers,
    }),
    commits: new Counter({
      name: 'weir_collector_kafka_otlp_commits_total',
      help: 'Commits of offsets, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
