import { METRIC } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { KeyValue, Metric, MetricsRequest, NumberDataPoint } from '../../otlp/model.ts';
import type { LagReport } from './poll.ts';

function text(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } };
}

function place(entry: { readonly group?: string; readonly topic: string; readonly partition: number }): KeyValue[] {
  return [
    ...(entry.group === undefined ? [] : [text('group', entry.group)]),
    text('topic', entry.topic),
    { key: 'partition', value: { intValue: BigInt(entry.partition) } },
  ];
}

/**
 * A round as OTLP gauges, with the names and attributes (`group`, `topic`, `partition`) of the Collector's Kafka
 * metrics receiver, plus the lag in time.
 */
export function lagRequest(report: LagReport, time: Millis): { request: MetricsRequest; points: number } {
  const timeUnixNano = BigInt(Math.round(time)) * 1_000_000n;
  let points = 0;
  const gauge = (name: string, unit: string, values: readonly Omit<NumberDataPoint, 'timeUnixNano'>[]): Metric[] => {
    points += values.length;
    if (values.length === 0) return [];
    return [{ name, unit, gauge: { dataPoints: values.map((value) => ({ ...value, timeUnixNano })) } }];
  };
  const { lags, partitions } = report;
  const counted = report.groups.filter((group) => group.members !== undefined);
  const metrics = [
    ...gauge(
      METRIC.kafkaLag,
      '{record}',
      lags.map((entry) => ({ attributes: place(entry), asInt: BigInt(entry.lag) })),
    ),
    ...gauge(
      METRIC.lagTime,
      's',
      lags.map((entry) => ({ attributes: place(entry), asDouble: entry.lagSeconds })),
    ),
    ...gauge(
      METRIC.kafkaGroupOffset,
      '{record}',
      lags.map((entry) => ({ attributes: place(entry), asInt: BigInt(entry.offset) })),
    ),
    ...gauge(
      METRIC.kafkaPartitionOffset,
      '{record}',
      partitions.map((entry) => ({ attributes: place(entry), asInt: BigInt(entry.end) })),
    ),
    ...gauge(
      METRIC.kafkaPartitionOldest,
      '{record}',
      partitions.map((entry) => ({ attributes: place(entry), asInt: BigInt(entry.earliest) })),
    ),
    ...gauge(
      METRIC.kafkaGroupMembers,
      '{member}',
      counted.map(({ id, members }) => ({ attributes: [text('group', id)], asInt: BigInt(members as number) })),
    ),
  ];
  const scope = { name: 'weir/kafka_lag' };
  const resource = { attributes: [text('service.name', 'kafka')] };
  return { request: { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }, points };
}
