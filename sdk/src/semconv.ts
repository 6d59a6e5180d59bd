/** Attribute names this package writes: OpenTelemetry semantic conventions 1.44.0; ours stand under `weir.`. */
export const ATTR = {
  serviceName: 'service.name',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingGroup: 'messaging.consumer.group.name',
  messagingBatchCount: 'messaging.batch.message_count',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingMessageId: 'messaging.message.id',
  kafkaKey: 'messaging.kafka.message.key',
  kafkaOffset: 'messaging.kafka.offset',
  kafkaTombstone: 'messaging.kafka.message.tombstone',
  dbSystem: 'db.system.name',
  dbNamespace: 'db.namespace',
  dbOperation: 'db.operation.name',
  dbCollection: 'db.collection.name',
  errorType: 'error.type',
  /** Resource: the pipeline a service belongs to. */
  pipeline: 'weir.pipeline',
  /** Resource: address of the service's own console. */
  consoleUrl: 'weir.console.url',
  /** Span: newest event time handled, unix milliseconds. */
  eventTime: 'weir.event.time',
  /** Point: a checkpoint of a pathway and the one before it, 16 hexadecimal digits; `in` or `out`. */
  pathwayHash: 'weir.pathway.hash',
  pathwayParent: 'weir.pathway.parent',
  pathwayDirection: 'weir.pathway.direction',
  /** Point: why. */
  reason: 'reason',
} as const;

/** Metric names this package writes; docs/pathway.md and the README say what they hold. */
export const METRIC = {
  eventTime: 'weir.event.time',
  watermark: 'weir.watermark',
  pathwayLatency: 'weir.pathway.latency',
  pathwayEdgeLatency: 'weir.pathway.edge.latency',
  pathwayRecords: 'weir.pathway.records',
  pathwayProblems: 'weir.pathway.problems',
  deadLetters: 'weir.records.dead_lettered',
  schemaViolations: 'weir.records.schema_violations',
  duplicates: 'weir.records.duplicates',
  lateEvents: 'weir.records.late',
  outOfOrderEvents: 'weir.records.out_of_order',
  processDuration: 'messaging.process.duration',
  sentMessages: 'messaging.client.sent.messages',
  consumedMessages: 'messaging.client.consumed.messages',
} as const;

export const SCOPE = '@weir/sdk';
