import type { KeyValue } from '../../collector/otlp/model.ts';
import { attributePairs } from './attributes.ts';

/** What the lean tables derive from attributes, in words of the rollups' first views (0002_rollups.sql). */

export type Lookup = (...keys: readonly string[]) => string;

/** The first of `keys` whose value is not empty, else ''. */
export function lookup(attributes: readonly KeyValue[] | undefined): Lookup {
  const values = new Map(attributePairs(attributes));
  return (...keys) => keys.map((key) => values.get(key) ?? '').find((value) => value !== '') ?? '';
}

export function pipeline(resource: Lookup): string {
  return resource('weir.pipeline', 'service.namespace') || 'default';
}

const NAMES_NOTHING = /^[0-9]*$/;
const topicOf = (of: Lookup) => of('messaging.destination.name', 'messaging.destination');
const groupOf = (of: Lookup) =>
  of('messaging.consumer.group.name', 'messaging.kafka.consumer.group', 'messaging.consumer_group');
const systemOf = (of: Lookup) => of('db.system.name', 'db.system');

function databaseOf(of: Lookup): string {
  const namespace = of('db.namespace', 'db.name');
  return NAMES_NOTHING.test(namespace) ? '' : namespace;
}

export function spanColumns(of: Lookup, kind: string): Record<string, unknown> {
  const destinationKind =
    of('messaging.system', 'messaging.destination.name', 'messaging.destination') !== ''
      ? 'topic'
      : systemOf(of) !== ''
        ? 'database'
        : kind === 'Client'
          ? 'external'
          : '';
  const destinations: Readonly<Record<string, string>> = {
    '': '',
    topic: topicOf(of),
    database: databaseOf(of),
    external: of('peer.service', 'server.address', 'net.peer.name'),
  };
  const isHttp = of('http.request.method', 'http.method') !== '';
  const systems: Readonly<Record<string, string>> = {
    topic: of('messaging.system'),
    database: systemOf(of),
  };
  return {
    Destination: destinations[destinationKind],
    DestinationSystem: systems[destinationKind] ?? (isHttp ? 'http' : of('rpc.system.name', 'rpc.system')),
    DestinationKind: destinationKind,
    ConsumerGroup: destinationKind === 'topic' ? groupOf(of) : '',
    Messages: Number(unsigned(of('messaging.batch.message_count'), 32) ?? 1),
    EventTime: unsigned(of('weir.event.time'), 64) ?? '0',
    HttpStatus: Number(unsigned(of('http.response.status_code', 'http.status_code'), 16) ?? 0),
    HttpRoute: of('http.route'),
    ErrorType: of('error.type'),
    DbCollection: of('db.collection.name', 'db.sql.table'),
  };
}

/** Digits of a number that fits into `bits`, else undefined. */
function unsigned(text: string, bits: number): string | undefined {
  return /^[0-9]+$/.test(text) && BigInt(text) < 2n ** BigInt(bits) ? BigInt(text).toString() : undefined;
}

/** By a metric's name, which may be that of any object's property. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['messaging.process.duration', 'Consumer'],
  ['http.server.request.duration', 'Server'],
  ['messaging.client.operation.duration', 'Client'],
  ['db.client.operation.duration', 'Client'],
  ['http.client.request.duration', 'Client'],
]);

export function histogramColumns(of: Lookup, metric: string): Record<string, unknown> {
  const known = KINDS.get(metric);
  if (known === undefined) {
    const none = { Kind: '', Operation: '', Destination: '', DestinationSystem: '', DestinationKind: '' };
    return { ...none, ConsumerGroup: '', IsError: false };
  }
  const type = of('messaging.operation.type', 'messaging.operation');
  const isProducer = metric === 'messaging.client.operation.duration' && (type === 'send' || type === 'publish');
  const isTopic = metric.startsWith('messaging.');
  const isDatabase = metric.startsWith('db.');
  const isServer = known === 'Server';
  const route = of('http.route');
  return {
    Kind: isProducer ? 'Producer' : known,
    Operation:
      route !== ''
        ? `${of('http.request.method')} ${route}`
        : of('messaging.operation.name', 'db.operation.name', 'http.request.method'),
    Destination: isServer ? '' : isTopic ? topicOf(of) : isDatabase ? databaseOf(of) : of('server.address'),
    DestinationSystem: isTopic ? of('messaging.system') : isDatabase ? systemOf(of) : 'http',
    DestinationKind: isServer ? '' : isTopic ? 'topic' : isDatabase ? 'database' : 'external',
    ConsumerGroup: groupOf(of),
    IsError: of('error.type') !== '' || of('http.response.status_code') >= '500',
  };
}

export function seriesColumns(of: Lookup): Record<string, unknown> {
  return {
    Signal: of('weir.signal'),
    Topic: of('topic', 'messaging.destination.name', 'messaging.destination'),
    ConsumerGroup: of('group', 'messaging.consumer.group.name', 'messaging.kafka.consumer.group'),
    Partition: of('partition', 'messaging.destination.partition.id'),
  };
}
