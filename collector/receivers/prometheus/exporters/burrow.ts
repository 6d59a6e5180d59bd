import { METRIC } from '../../../../core/semconv.ts';
import { type Exporter, TARGET_CLUSTER } from './exporter.ts';

const PARTITION = { topic: 'topic', partition: 'partition' };
const CLUSTER = ['cluster', ...TARGET_CLUSTER];

/** linkedin/Burrow's own metrics (core/internal/httpserver/prometheus.go). Its states are its own verdicts, not Kafka's. */
export const BURROW: Exporter = {
  name: 'burrow',
  cluster: CLUSTER,
  clusterId: [],
  metrics: {
    burrow_kafka_topic_partition_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    burrow_kafka_consumer_current_offset: [
      { to: METRIC.kafkaGroupOffset, attributes: { group: 'consumer_group', ...PARTITION } },
    ],
    burrow_kafka_consumer_partition_lag: [
      { to: METRIC.kafkaLag, attributes: { group: 'consumer_group', ...PARTITION } },
    ],
  },
};

/** jirwin/burrow_exporter (burrow_exporter/metrics.go), which asks Burrow's API. */
export const BURROW_EXPORTER: Exporter = {
  name: 'burrow_exporter',
  cluster: CLUSTER,
  clusterId: [],
  metrics: {
    kafka_burrow_topic_partition_offset: [{ to: METRIC.kafkaPartitionOffset, attributes: PARTITION }],
    kafka_burrow_partition_current_offset: [
      { to: METRIC.kafkaGroupOffset, attributes: { group: 'group', ...PARTITION } },
    ],
    kafka_burrow_partition_lag: [{ to: METRIC.kafkaLag, attributes: { group: 'group', ...PARTITION } }],
  },
};
