/**
 * Attribute and metric names, OpenTelemetry semantic conventions 1.44.0 (messaging is still in development, so
 * readers accept old and new names; see `readAttribute`). Ours stand under `weir.`.
 */
export const ATTR = {
  serviceName: 'service.name',
  serviceNamespace: 'service.namespace',
  serviceVersion: 'service.version',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingGroup: 'messaging.consumer.group.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingBatchCount: 'messaging.batch.message_count',
  messagingOperationType: 'messaging.operation.type',
  kafkaOffset: 'messaging.kafka.offset',
  errorType: 'error.type',
  dbSystem: 'db.system.name',
  dbNamespace: 'db.namespace',
  /** Resource: the pipeline a service belongs to; `service.namespace` is read when it is absent. */
  pipeline: 'weir.pipeline',
  /** Span or point: newest event time handled, unix milliseconds. */
  eventTime: 'weir.event.time',
  /** Point: a checkpoint of a pathway and the one before it, 16 hexadecimal digits; `in` or `out`. docs/pathway.md. */
  pathwayHash: 'weir.pathway.hash',
  pathwayParent: 'weir.pathway.parent',
  pathwayDirection: 'weir.pathway.direction',
  /** Resource: what the configuration calls a Kafka cluster, and the id it gives itself. */
  kafkaClusterAlias: 'kafka.cluster.alias',
  kafkaClusterId: 'messaging.kafka.cluster.id',
  /** Point: names a watched signal, so that a detector looks at any metric that carries it. */
  signal: 'weir.signal',
  /** Resource: `replayed` or `generated` where the data is not live; the UI says so. */
  origin: 'weir.origin',
  /** Resource: address of the service's own console, which the UI links to. */
  consoleUrl: 'weir.console.url',
} as const;

export const METRIC = {
  kafkaLag: 'kafka.consumer_group.lag',
  kafkaGroupOffset: 'kafka.consumer_group.offset',
  kafkaPartitionOffset: 'kafka.partition.current_offset',
  kafkaPartitionOldest: 'kafka.partition.oldest_offset',
  kafkaGroupMembers: 'kafka.consumer_group.members',
  kafkaGroupLagSum: 'kafka.consumer_group.lag_sum',
  kafkaGroupOffsetSum: 'kafka.consumer_group.offset_sum',
  kafkaBrokers: 'kafka.brokers',
  kafkaTopicPartitions: 'kafka.topic.partitions',
  kafkaPartitionReplicas: 'kafka.partition.replicas',
  kafkaPartitionInSync: 'kafka.partition.replicas_in_sync',
  /** Gauge, {record}: last stable offset; below the log end while a transaction is open. */
  partitionStableOffset: 'weir.partition.stable_offset',
  /** Gauge, By: bytes a partition's log takes on its leader. */
  partitionSize: 'weir.partition.size',
  /** Gauge, s and By: `retention.ms` of a topic and `retention.bytes` of each of its partitions; absent where unlimited. */
  topicRetentionTime: 'weir.topic.retention.time',
  topicRetentionSize: 'weir.topic.retention.size',
  /** Gauge, 1 where `cleanup.policy` compacts, else 0. */
  topicCompacted: 'weir.topic.compacted',
  /** Gauge: 48 bits of the topic's id. Another value is another topic of the same name. */
  topicIdentity: 'weir.topic.identity',
  /** Gauge, {partition}: of a cluster, without a leader, and with replicas out of sync. */
  partitionsOffline: 'weir.cluster.partitions_offline',
  partitionsUnderReplicated: 'weir.cluster.partitions_under_replicated',
  /** Gauge, always 1: a group's state and type stand in the attributes `state` and `type`. */
  groupState: 'weir.consumer_group.state',
  /** Gauge, {record}: share groups commit nothing; what is between a share partition's start and the log end. */
  shareGroupStart: 'weir.share_group.start_offset',
  shareGroupLag: 'weir.share_group.lag',
  /** Gauge, s: age of the oldest record the group has not committed. */
  lagTime: 'weir.consumer_group.lag_time',
  /** Gauge, ms: newest event time a stage has handled (unix milliseconds). */
  eventTime: 'weir.event.time',
  /** Exponential histograms, s, delta: from a pathway's origin, and from its previous checkpoint, to this one. docs/pathway.md. */
  pathwayLatency: 'weir.pathway.latency',
  pathwayEdgeLatency: 'weir.pathway.edge.latency',
  /** Sum, {record}, delta: records that passed a checkpoint. A point's interval is the ten seconds their pathways began in. */
  pathwayRecords: 'weir.pathway.records',
  /** Sums, {record}, delta: what stages report of records that went wrong. */
  deadLetters: 'weir.records.dead_lettered',
  schemaViolations: 'weir.records.schema_violations',
  duplicates: 'weir.records.duplicates',
  lateEvents: 'weir.records.late',
  outOfOrderEvents: 'weir.records.out_of_order',
  /** Gauge, ms: every event before this time has been handled (unix milliseconds). */
  watermark: 'weir.watermark',
  /** Gauge, always 1: the state of a Kafka Connect task stands in `state`, beside `connector` and `task`. */
  connectorTaskState: 'weir.connector.task.state',
  /** Sum, {record}, cumulative: what a task failed at, named by `kind`, beside `connector` and `task`. */
  connectorErrors: 'weir.connector.errors',
  /** Gauge, s: how far a reader of a database's log is behind the database; 0 while it is connected and nothing changes. */
  sourceLagTime: 'weir.source.lag_time',
  messagingProcessDuration: 'messaging.process.duration',
  httpServerDuration: 'http.server.request.duration',
} as const;

/** Older spellings of an attribute, newest first. */
export const ATTR_ALIASES: Readonly<Record<string, readonly string[]>> = {
  [ATTR.messagingDestination]: ['messaging.destination'],
  [ATTR.messagingGroup]: ['messaging.kafka.consumer.group', 'messaging.consumer_group'],
  [ATTR.messagingPartition]: ['messaging.kafka.destination.partition', 'messaging.kafka.partition'],
  [ATTR.messagingOperationType]: ['messaging.operation'],
  [ATTR.dbSystem]: ['db.system'],
  [ATTR.dbNamespace]: ['db.name'],
};

/** The value of `name` or of its first older spelling that is present. */
export function readAttribute(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const key of [name, ...(ATTR_ALIASES[name] ?? [])]) {
    const value = attributes[key];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}
