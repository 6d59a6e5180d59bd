import { z } from 'zod';
import { duration } from '../../../core/config-values.ts';

const pattern = (value: string) =>
  z
    .string()
    .default(value)
    .refine((text) => {
      try {
        new RegExp(text);
        return true;
      } catch {
        return false;
      }
    }, 'is not a regular expression');

export const brokerAddress = z.string().regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'is not host:port');

/** How brokers are known and, with a certificate and a key, how they know us. Files are PEM. */
const tlsClientConfig = z
  .strictObject({
    ca_file: z.string().min(1).optional(),
    cert_file: z.string().min(1).optional(),
    key_file: z.string().min(1).optional(),
    /** The name a broker's certificate must carry where it is not the broker's address. */
    server_name_override: z.string().min(1).optional(),
    insecure_skip_verify: z.boolean().default(false),
  })
  .refine(
    ({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined),
    'needs both cert_file and key_file, or neither',
  );
export type KafkaTlsConfig = z.infer<typeof tlsClientConfig>;

const secret = z.string().min(1);
const saslConfig = z.discriminatedUnion('mechanism', [
  z.strictObject({
    mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
    username: z.string().min(1),
    password: secret,
  }),
  z.strictObject({ mechanism: z.literal('OAUTHBEARER'), token: secret }),
]);

const clusterFields = {
  /** What the cluster is called in `kafka.cluster.alias`. */
  alias: z.string().min(1).default('default'),
  poll_interval: duration('5s'),
  /** How often settings of topics and sizes of partitions are read. */
  details_interval: duration('1m'),
  /** How long one request may take. */
  timeout: duration('10s'),
  /** Which groups and topics, by regular expression. */
  group_match: pattern('.*'),
  topic_match: pattern('^[^_].*$'),
  /** Partitions whose past is looked up in one round, to date records from before the first poll; 0 turns it off. */
  backdated_partitions: z.int().min(0).max(10_000).default(500),
  tls: tlsClientConfig.optional(),
  sasl: saslConfig.optional(),
};

const brokers = z.array(brokerAddress);
const clusterConfig = z.strictObject({ ...clusterFields, brokers: brokers.min(1) });
export type KafkaClusterConfig = z.infer<typeof clusterConfig>;

/**
 * Consumer lag and its surroundings, read from Kafka itself. One cluster can be described beside the list; without
 * brokers, here or in KAFKA_BROKERS, and without clusters the receiver stays off.
 */
export const kafkaLagConfig = z
  .strictObject({
    ...clusterFields,
    /** `host:port` of some brokers. KAFKA_BROKERS (a comma list) when absent; an empty list turns this cluster off. */
    brokers: brokers.optional(),
    clusters: z.array(clusterConfig).default([]),
  })
  .superRefine(({ alias, brokers: single, clusters }, context) => {
    const taken = new Set(single !== undefined && single.length > 0 ? [alias] : []);
    for (const [index, cluster] of clusters.entries()) {
      if (taken.has(cluster.alias)) {
        const message = `another cluster is called ${cluster.alias} too; each needs an alias of its own`;
        context.addIssue({ code: 'custom', path: ['clusters', index, 'alias'], message });
      }
      taken.add(cluster.alias);
    }
  });
export type KafkaLagConfig = z.infer<typeof kafkaLagConfig>;

/** The clusters to read: those listed, and the one of the keys beside the list or of KAFKA_BROKERS. */
export function kafkaClusters(
  config: KafkaLagConfig,
  env: NodeJS.ProcessEnv = process.env,
): readonly KafkaClusterConfig[] {
  const { clusters, brokers: given, ...fields } = config;
  // A list of clusters says which are meant: what the environment names is one of them, or none of ours.
  const single = given ?? (clusters.length > 0 ? [] : brokersOf(env));
  return single.length === 0 ? clusters : [{ ...fields, brokers: [...single] }, ...clusters];
}

function brokersOf(env: NodeJS.ProcessEnv): readonly string[] {
  return (env['KAFKA_BROKERS'] ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
}
