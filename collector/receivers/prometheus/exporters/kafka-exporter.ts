import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const PARTITION = { topic: 'topic', partition: 'partition' };
const GROUP_PARTITION = { group: 'consumergroup', ...PARTITION };
const GROUP_TOPIC = { group: 'consumergroup', topic: 'topic' };

/**
 * danielqsj/kafka_exporter (kafka_exporter.go), which Strimzi and MSK's example run too. A group that has committed
 * nothing on a partition has the offset -1 and the lag -1, which say nothing.
 */
export const KAFKA_EXPORTER: Exporter = {
  name: 'kafka_exporter',
  cluster: TARGET_CLUSTER,
  clusterId: [],
  metrics: {
    kafka_brokers: [{ to: METRIC.kafkaBrokers, attributes: {} }],
    kafka_topic_partitions: [{ to: METRIC.kafkaTopicPartitions, attributes: { topic: 'topic' } }],
    kafka_topic_partition_current_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    kafka_topic_partition_oldest_offset: [{ to: METRIC.kafkaPartitionOldest, attributes: PARTITION }],
    kafka_topic_partition_replicas: [{ to: METRIC.kafkaPartitionReplicas, attributes: PARTITION }],
    kafka_topic_partition_in_sync_replica: [{ to: METRIC.kafkaPartitionInSync, attributes: PARTITION }],
    kafka_consumergroup_current_offset: [{ to: METRIC.kafkaGroupOffset, attributes: GROUP_PARTITION }],
    kafka_consumergroup_lag: [{ to: METRIC.kafkaLag, attributes: GROUP_PARTITION }],
    kafka_consumergroup_current_offset_sum: [{ to: METRIC.kafkaGroupOffsetSum, attributes: GROUP_TOPIC }],
    kafka_consumergroup_lag_sum: [{ to: METRIC.kafkaGroupLagSum, attributes: GROUP_TOPIC }],
    kafka_consumergroup_members: [{ to: METRIC.kafkaGroupMembers, attributes: { group: 'consumergroup' } }],
  },
};
