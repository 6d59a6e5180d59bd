/** Attribute names this package writes: OpenTelemetry semantic conventions 1.44.0; ours stand under `weir.`. */
export const ATTR = {
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingGroup: 'messaging.consumer.group.name',
  messagingBatchCount: 'messaging.batch.message_count',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingMessageId: 'messaging.message.id',
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
} as const;

export const SCOPE = '@weir/sdk';
