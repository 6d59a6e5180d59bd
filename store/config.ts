import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import { parseDuration } from '../core/time.ts';

const clusterConfig = z.strictObject({
  /** The cluster's name in the server's `remote_servers`. */
  name: z.string().min(1),
  /** Path in Keeper of one table's replication state; the macros are the server's own. */
  replica_path: z.string().default('/clickhouse/tables/{shard}/{database}/{table}'),
  replica_name: z.string().default('{replica}'),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;

const SHORTEST = '1m';
/** A table's time counts in whole seconds, so that nothing shorter than a minute is meant. */
const kept = (days: string) =>
  duration(days).refine((ms) => ms >= parseDuration(SHORTEST), `the shortest retention is ${SHORTEST}`);

/**
 * How long telemetry is kept, by the time it says it happened at. Whole parts go at once: a part holds a day (of the
 * level `1h`: a month) and goes when the last row in it has reached the age.
 */
const retentionConfig = z.strictObject({
  spans: kept('30d'),
  logs: kept('30d'),
  /** Points as they came. */
  metrics: kept('30d'),
  /** Rollups by the length of their steps, which answer for longer than what they were made of. */
  levels: z.strictObject({ '10s': kept('7d'), '1m': kept('30d'), '1h': kept('400d') }).prefault({}),
});
export type RetentionConfig = z.infer<typeof retentionConfig>;

/** `store`: without `url` the embedded engine runs and listens on `listen`; with it, that ClickHouse server is used. */
export const storeConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).optional(),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a database name is letters, digits and underscores')
    .default('default'),
  username: z.string().default('default'),
  password: z.string().default(''),
  cluster: clusterConfig.optional(),
  retention: retentionConfig.prefault({}),
  /** Of the embedded engine. It serves loopback only and demands the password it keeps in the data folder. */
  listen: z.strictObject({ port: z.int().min(0).max(65_535).default(8123) }).prefault({}),
});
export type StoreConfig = z.infer<typeof storeConfig>;
