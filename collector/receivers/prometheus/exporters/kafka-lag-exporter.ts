import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const PARTITION = { topic: 'topic', partition: 'partition' };
const GROUP_PARTITION = { group: 'group', ...PARTITION };

/**
 * seglo/kafka-lag-exporter (Metrics.scala; archived), and those that took its names over: klag-exporter (nais and
 * softwaremill) and Conduktor Console. What is not known is NaN.
 */
export const KAFKA_LAG_EXPORTER: Exporter = {
  name: 'kafka_lag_exporter',
  cluster: ['cluster_name', ...TARGET_CLUSTER],
  clusterId: ['cluster_id'],
  metrics: {
    kafka_partition_latest_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    kafka_partition_earliest_offset: [{ to: METRIC.kafkaPartitionOldest, attributes: PARTITION }],
    kafka_consumergroup_group_offset: [{ to: METRIC.kafkaGroupOffset, attributes: GROUP_PARTITION }],
    kafka_consumergroup_group_lag: [{ to: METRIC.kafkaLag, attributes: GROUP_PARTITION }],
    kafka_consumergroup_group_lag_seconds: [{ to: METRIC.lagTime, attributes: GROUP_PARTITION }],
    kafka_consumergroup_group_topic_sum_lag: [
      { to: METRIC.kafkaGroupLagSum, attributes: { group: 'group', topic: 'topic' } },
    ],
  },
};
