import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { PartitionedLog } from './log.ts';

const INTERVAL_MS = 5000;

/**
 * Reports the log and its consumer groups under the names the OpenTelemetry Collector gives Kafka's, and Weir's own where it has none: what
 * Weir reads from a Kafka itself.
 */
export function reportLag(options: {
  readonly log: PartitionedLog;
  readonly otlpUrl: string;
  readonly resource: Readonly<Record<string, string>>;
}): { stop(): Promise<void> } {
  const { log } = options;
  const provider = new MeterProvider({
    resource: resourceFromAttributes(options.resource),
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${options.otlpUrl.replace(/\/$/, '')}/v1/metrics` }),
        exportIntervalMillis: INTERVAL_MS,
        exportTimeoutMillis: INTERVAL_MS,
      }),
    ],
  });
  const meter = provider.getMeter('order-log');
  const lag = meter.createObservableGauge('kafka.consumer_group.lag', { unit: '{record}' });
  const offset = meter.createObservableGauge('kafka.consumer_group.offset', { unit: '{record}' });
  const end = meter.createObservableGauge('kafka.partition.current_offset', { unit: '{record}' });
  const oldest = meter.createObservableGauge('kafka.partition.oldest_offset', { unit: '{record}' });
  const retention = meter.createObservableGauge('weir.topic.retention.time', { unit: 's' });
  const groupState = meter.createObservableGauge('weir.consumer_group.state', { unit: '1' });
  const members = meter.createObservableGauge('kafka.consumer_group.members', { unit: '{member}' });
  meter.addBatchObservableCallback(
    (result) => {
      for (const { group, topic, partition, ...state } of log.lags()) {
        const attributes = { group, topic, partition };
        result.observe(lag, state.lag, attributes);
        result.observe(offset, state.committed, attributes);
        result.observe(end, state.end, { topic, partition });
        result.observe(oldest, log.earliest(topic, partition), { topic, partition });
        result.observe(retention, log.retentionMs / 1000, { topic });
      }
      for (const group of log.groups()) {
        const count = log.members(group);
        result.observe(members, count, { group });
        result.observe(groupState, 1, { group, state: count === 0 ? 'empty' : 'stable', type: 'classic' });
      }
    },
    [lag, offset, end, oldest, retention, members, groupState],
  );
  return {
    async stop() {
      await provider.shutdown({ timeoutMillis: 3000 }).catch(() => {});
    },
  };
}
