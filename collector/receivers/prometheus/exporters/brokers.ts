import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const IN_KAFKA = { redpanda_namespace: 'kafka' };
const PARTITION = { topic: 'redpanda_topic', partition: 'redpanda_partition' };

/**
 * Redpanda's `/public_metrics`. Each broker tells of the partitions it has a replica of, as far as the replica is, and of the
 * groups it coordinates, so a group's offset and the log end often come from two targets. Topics outside the namespace
 * `kafka` are its own.
 */
export const REDPANDA: Exporter = {
  name: 'redpanda',
  cluster: TARGET_CLUSTER,
  clusterId: ['redpanda_id', 'redpanda_cloud_data_cluster_id'],
  metrics: {
    redpanda_cluster_brokers: [{ to: METRIC.kafkaBrokers, attributes: {} }],
    redpanda_kafka_partitions: [
      { to: METRIC.kafkaTopicPartitions, attributes: { topic: 'redpanda_topic' }, where: IN_KAFKA },
    ],
    redpanda_kafka_max_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION, where: IN_KAFKA }],
    redpanda_kafka_consumer_group_committed_offset: [
      { to: METRIC.kafkaGroupOffset, attributes: { group: 'redpanda_group', ...PARTITION } },
    ],
    redpanda_kafka_consumer_group_consumers: [
      { to: METRIC.kafkaGroupMembers, attributes: { group: 'redpanda_group' } },
    ],
  },
};

/** Confluent Cloud's Metrics API in its Prometheus form: lag only, of each client that reads. */
export const CONFLUENT: Exporter = {
  name: 'confluent_cloud',
  cluster: [...TARGET_CLUSTER, 'kafka_id'],
  clusterId: ['kafka_id'],
  metrics: {
    confluent_kafka_server_consumer_lag_offsets: [
      { to: METRIC.kafkaGroupLagSum, attributes: { group: 'consumer_group_id', topic: 'topic' }, same: 'sum' },
      {
        to: METRIC.kafkaLag,
        attributes: { group: 'consumer_group_id', topic: 'topic', partition: 'partition' },
        same: 'sum',
      },
    ],
  },
};

/** Amazon MSK's open monitoring on port 11001. `EstimatedTimeLag` there is how long reading would take, not how old records are. */
export const MSK: Exporter = {
  name: 'msk',
  cluster: TARGET_CLUSTER,
  clusterId: [],
  metrics: {
    kafka_consumer_group_ConsumerLagMetrics_Value: [
      {
        to: METRIC.kafkaLag,
        attributes: { group: 'groupId', topic: 'topic', partition: 'partition' },
        where: { name: 'OffsetLag' },
      },
      {
        to: METRIC.kafkaGroupLagSum,
        attributes: { group: 'groupId', topic: 'topic' },
        where: { name: 'SumOffsetLag' },
      },
    ],
  },
};
