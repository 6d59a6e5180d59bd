import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import { listenConfig } from '../core/listen.ts';
import { processorsConfig } from './processors/config.ts';
import { kafkaLagConfig } from './receivers/kafka-lag/config.ts';

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

const otlpHttpConfig = listenConfig(4318).extend({
  max_request_bytes: requestBytes,
  cors: corsConfig.prefault({}),
});
export type OtlpHttpConfig = z.infer<typeof otlpHttpConfig>;

const otlpGrpcConfig = listenConfig(4317).extend({ max_request_bytes: requestBytes });
export type OtlpGrpcConfig = z.infer<typeof otlpGrpcConfig>;

/** Acknowledged telemetry on its way to the store, in `<data>/spool`. */
const spoolConfig = z.strictObject({
  max_bytes: z
    .int()
    .min(MEBIBYTE)
    .default(1024 * MEBIBYTE),
  min_free_bytes: z
    .int()
    .min(0)
    .default(256 * MEBIBYTE),
  segment_age: duration('1s'),
  segment_bytes: z
    .int()
    .min(1)
    .max(64 * MEBIBYTE)
    .default(8 * MEBIBYTE),
  segment_rows: z.int().min(1).max(500_000).default(200_000),
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
  kafka_lag: kafkaLagConfig.prefault({}),
  processors: processorsConfig.prefault({}),
  /** Bytes of requests being read and decoded at one time; above it senders are told to wait. */
  max_in_flight_bytes: z
    .int()
    .min(MEBIBYTE)
    .default(256 * MEBIBYTE),
  spool: spoolConfig.prefault({}),
  writer: writerConfig.prefault({}),
});
export type CollectorConfig = z.infer<typeof collectorConfig>;
