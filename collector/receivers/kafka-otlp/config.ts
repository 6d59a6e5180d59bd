import { z } from 'zod';
import { duration } from '../../../core/config-values.ts';
import { brokerAddress } from '../kafka-lag/config.ts';

const name = (value: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, 'is not a name that Kafka takes')
    .default(value);

const topicConfig = (topic: string) =>
  z
    .strictObject({
      topic: name(topic),
      /** `otlp_proto`: each message is an export request (or TracesData and so on) in protobuf; `otlp_json`: in JSON. */
      encoding: z.enum(['otlp_proto', 'otlp_json']).default('otlp_proto'),
    })
    .prefault({});

/** OTLP out of Kafka, as the OpenTelemetry Collector's Kafka exporter writes it. Off without brokers. */
export const kafkaOtlpConfig = z.strictObject({
  /** `host:port` of some brokers. */
  brokers: z.array(brokerAddress).default([]),
  group_id: name('weir'),
  client_id: name('weir'),
  /** Where a group begins that has not committed anything yet. */
  initial_offset: z.enum(['earliest', 'latest']).default('earliest'),
  traces: topicConfig('otlp_spans'),
  metrics: topicConfig('otlp_metrics'),
  logs: topicConfig('otlp_logs'),
  /** Messages being made durable at one time; above it nothing more is read. */
  max_in_flight: z.int().min(1).max(4096).default(64),
  commit_interval: duration('200ms'),
});
export type KafkaOtlpConfig = z.infer<typeof kafkaOtlpConfig>;
