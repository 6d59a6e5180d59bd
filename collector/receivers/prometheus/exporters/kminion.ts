import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const PARTITION = { topic: 'topic_name', partition: 'partition_id' };
const GROUP_TOPIC = { group: 'group_id', topic: 'topic_name' };

/**
 * redpanda-data/kminion (prometheus/exporter.go). It gives no committed offset of a partition: that is the high water mark
 * less the lag. What it tells of topics depends on `topics.infoMetric.configKeys`; a key it does not know is `N/A`.
 */
export const KMINION: Exporter = {
  name: 'kminion',
  cluster: TARGET_CLUSTER,
  clusterId: ['cluster_id'],
  metrics: {
    kminion_kafka_cluster_info: [{ to: METRIC.kafkaBrokers, attributes: {}, value: { label: 'broker_count' } }],
    kminion_kafka_topic_info: [
      { to: METRIC.kafkaTopicPartitions, attributes: { topic: 'topic_name' }, value: { label: 'partition_count' } },
      {
        to: METRIC.topicCompacted,
        attributes: { topic: 'topic_name' },
        value: { label: 'cleanup_policy' },
        read: (policy) =>
          policy === 'N/A' ? Number.NaN : policy.split(',').some((one) => one.trim() === 'compact') ? 1 : 0,
      },
      {
        to: METRIC.topicRetentionTime,
        attributes: { topic: 'topic_name' },
        value: { label: 'retention_ms' },
        factor: 1 / 1000,
      },
      { to: METRIC.topicRetentionSize, attributes: { topic: 'topic_name' }, value: { label: 'retention_bytes' } },
    ],
    kminion_kafka_topic_partition_high_water_mark: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    kminion_kafka_topic_partition_low_water_mark: [{ to: METRIC.kafkaPartitionOldest, attributes: PARTITION }],
    kminion_kafka_consumer_group_info: [
      // It describes groups as classic ones, and brokers say of a group of the new protocol that such a one is dead.
      {
        to: METRIC.groupState,
        attributes: { group: 'group_id', state: 'state' },
        value: 'one',
        unless: { state: 'Dead' },
      },
    ],
    kminion_kafka_consumer_group_members: [{ to: METRIC.kafkaGroupMembers, attributes: { group: 'group_id' } }],
    kminion_kafka_consumer_group_topic_partition_lag: [
      { to: METRIC.kafkaLag, attributes: { ...GROUP_TOPIC, partition: 'partition_id' } },
    ],
    kminion_kafka_consumer_group_topic_lag: [{ to: METRIC.kafkaGroupLagSum, attributes: GROUP_TOPIC }],
    kminion_kafka_consumer_group_topic_offset_sum: [{ to: METRIC.kafkaGroupOffsetSum, attributes: GROUP_TOPIC }],
  },
};
