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
  /** Gauge, s: age of the oldest record the group has not committed. */
  lagTime: 'weir.consumer_group.lag_time',
  /** Gauge, ms: newest event time a stage has handled (unix milliseconds). */
  eventTime: 'weir.event.time',
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
