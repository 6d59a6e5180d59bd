import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import { tlsListenConfig } from '../core/listen.ts';
import { processorsConfig } from './processors/config.ts';
import { DEFAULT_READER_LIMITS } from './reader/limits.ts';
import { kafkaLagConfig } from './receivers/kafka-lag/config.ts';
import { kafkaOtlpConfig } from './receivers/kafka-otlp/config.ts';
import { prometheusConfig } from './receivers/prometheus/config.ts';

const MEBIBYTE = 1 << 20;

/** Bytes of one request after decompression. */
const requestBytes = z
  .int()
  .min(1024)
  .max(512 * MEBIBYTE)
  .default(64 * MEBIBYTE);

/** Which web pages may send telemetry from a browser; `*` stands for any part of an origin. */
const corsConfig = z.strictObject({
  allowed_origins: z.array(z.string().min(1)).default([]),
  allowed_headers: z.array(z.string().min(1)).default([]),
  /** Seconds a browser may keep the answer to its preflight request. */
  max_age: z.int().min(0).default(7200),
});
export type CorsConfig = z.infer<typeof corsConfig>;

/** How long one request may take to arrive. */
const requestTimeout = duration('1m');

const otlpHttpConfig = tlsListenConfig(4318).extend({
  max_request_bytes: requestBytes,
  request_timeout: requestTimeout,
  cors: corsConfig.prefault({}),
});
export type OtlpHttpConfig = z.infer<typeof otlpHttpConfig>;

const otlpGrpcConfig = tlsListenConfig(4317).extend({
  max_request_bytes: requestBytes,
  request_timeout: requestTimeout,
  max_concurrent_streams: z.int().min(1).max(10_000).default(256),
});
export type OtlpGrpcConfig = z.infer<typeof otlpGrpcConfig>;

/** Acknowledged telemetry on its way to the store, in `<data>/spool`. */
const spoolConfig = z.strictObject({
  max_bytes: z
    .int()
    .min(MEBIBYTE)
    .default(4096 * MEBIBYTE),
  min_free_bytes: z
    .int()
    .min(0)
    .default(512 * MEBIBYTE),
  /** Of a segment while little comes and the store keeps up; under load segments grow up to the three bounds below. */
  segment_idle_age: duration('250ms'),
  segment_age: duration('1500ms'),
  segment_bytes: z
    .int()
    .min(1)
    .max(512 * MEBIBYTE)
    .default(256 * MEBIBYTE),
  segment_rows: z.int().min(1).max(900_000).default(400_000),
});
export type SpoolConfig = z.infer<typeof spoolConfig>;

/** What one item may hold; the rest is cut or dropped, and counted. */
const limitsConfig = z.strictObject({
  attributes: z.int().min(128).max(65_535).default(DEFAULT_READER_LIMITS.attributes),
  value_bytes: z
    .int()
    .min(256)
    .max(16 * MEBIBYTE)
    .default(DEFAULT_READER_LIMITS.value_bytes),
  depth: z.int().min(1).max(100).default(DEFAULT_READER_LIMITS.depth),
  events: z.int().min(0).max(65_535).default(DEFAULT_READER_LIMITS.events),
  links: z.int().min(0).max(65_535).default(DEFAULT_READER_LIMITS.links),
  exemplars: z.int().min(0).max(65_535).default(DEFAULT_READER_LIMITS.exemplars),
  buckets: z.int().min(1).max(1_000_000).default(DEFAULT_READER_LIMITS.buckets),
  series: z.int().min(1000).max(20_000_000).default(DEFAULT_READER_LIMITS.series),
});

const writerConfig = z.strictObject({
  retry_min: duration('250ms'),
  retry_max: duration('10s'),
  /** How long a stop waits for the store to take what is spooled; the rest is stored after the next start. */
  stop_deadline: duration('10s'),
});

export const collectorConfig = z.strictObject({
  otlp_http: otlpHttpConfig.prefault({}),
  otlp_grpc: otlpGrpcConfig.prefault({}),
  kafka_otlp: kafkaOtlpConfig.prefault({}),
  kafka_lag: kafkaLagConfig.prefault({}),
  prometheus: prometheusConfig.prefault({}),
  processors: processorsConfig.prefault({}),
  /** Bytes of requests being read and decoded at one time; above it senders are told to wait. */
  max_in_flight_bytes: z
    .int()
    .min(MEBIBYTE)
    .default(256 * MEBIBYTE),
  /** How far ahead of the collector's clock the time of an item may be. */
  max_future: duration('1d'),
  limits: limitsConfig.prefault({}),
  spool: spoolConfig.prefault({}),
  writer: writerConfig.prefault({}),
});
export type CollectorConfig = z.infer<typeof collectorConfig>;
