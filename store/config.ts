import { z } from 'zod';

const clusterConfig = z.strictObject({
  /** The cluster's name in the server's `remote_servers`. */
  name: z.string().min(1),
  /** Path in Keeper of one table's replication state; the macros are the server's own. */
  replica_path: z.string().default('/clickhouse/tables/{shard}/{database}/{table}'),
  replica_name: z.string().default('{replica}'),
});
export type ClusterConfig = z.infer<typeof clusterConfig>;

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
  /** Of the embedded engine. It serves loopback only and demands the password it keeps in the data folder. */
  listen: z.strictObject({ port: z.int().min(0).max(65_535).default(8123) }).prefault({}),
});
export type StoreConfig = z.infer<typeof storeConfig>;
