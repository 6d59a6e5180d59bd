import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { PartitionedLog } from './log.ts';

const INTERVAL_MS = 5000;

/**
 * Reports the log's consumer groups under the names the OpenTelemetry Collector gives Kafka's, plus the lag in time,
 * which the log's owner knows exactly.
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
  const lagTime = meter.createObservableGauge('weir.consumer_group.lag_time', { unit: 's' });
  const offset = meter.createObservableGauge('kafka.consumer_group.offset', { unit: '{record}' });
  const end = meter.createObservableGauge('kafka.partition.current_offset', { unit: '{record}' });
  const members = meter.createObservableGauge('kafka.consumer_group.members', { unit: '{member}' });
  meter.addBatchObservableCallback(
    (result) => {
      for (const { group, topic, partition, ...state } of log.lags()) {
        const attributes = { group, topic, partition };
        result.observe(lag, state.lag, attributes);
        result.observe(lagTime, state.lagSeconds, attributes);
        result.observe(offset, state.committed, attributes);
        result.observe(end, state.end, { topic, partition });
      }
      for (const group of log.groups()) result.observe(members, log.members(group), { group });
    },
    [lag, lagTime, offset, end, members],
  );
  return {
    async stop() {
      await provider.shutdown({ timeoutMillis: 3000 }).catch(() => {});
    },
  };
}
