import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const PARTITION = { topic: 'topic', partition: 'partition' };
const GROUP_PARTITION = { group: 'consumer_group', ...PARTITION };

/**
 * themoah/klag (MicrometerReporter.java), whose Prometheus names have `_` for the dots. What it says of a partition it
 * repeats for each group that reads it. The value of its group state counts changes; the state is a label.
 */
export const KLAG: Exporter = {
  name: 'klag',
  cluster: TARGET_CLUSTER,
  clusterId: [],
  metrics: {
    klag_partition_log_end_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    klag_partition_log_start_offset: [{ to: METRIC.kafkaPartitionOldest, attributes: PARTITION }],
    klag_consumer_committed_offset: [{ to: METRIC.kafkaGroupOffset, attributes: GROUP_PARTITION }],
    klag_consumer_lag: [{ to: METRIC.kafkaLag, attributes: GROUP_PARTITION }],
    klag_consumer_lag_ms: [
      { to: METRIC.lagTime, attributes: { group: 'consumer_group', topic: 'topic' }, factor: 1 / 1000 },
    ],
    klag_topic_partitions: [{ to: METRIC.kafkaTopicPartitions, attributes: { topic: 'topic' } }],
    klag_consumer_group_state: [
      { to: METRIC.groupState, attributes: { group: 'consumer_group', state: 'state' }, value: 'one' },
    ],
  },
};
