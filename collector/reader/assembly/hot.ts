// Keys whose values become columns of their own. They are the first symbols, in this order, so that an attribute is
// known to be one of them by its number alone.

import { allocate, capacityFor, release } from './memory';
import { intern, resetSymbols } from './symbols';

export const SERVICE_NAME: u32 = 1;
export const SERVICE_NAMESPACE: u32 = 2;
export const WEIR_PIPELINE: u32 = 3;
export const WEIR_ORIGIN: u32 = 4;
export const WEIR_CONSOLE_URL: u32 = 5;
export const WEIR_EVENT_TIME: u32 = 6;
export const WEIR_SIGNAL: u32 = 7;
export const MESSAGING_SYSTEM: u32 = 8;
export const MESSAGING_DESTINATION_NAME: u32 = 9;
export const MESSAGING_DESTINATION: u32 = 10;
export const MESSAGING_GROUP: u32 = 11;
export const MESSAGING_KAFKA_GROUP: u32 = 12;
export const MESSAGING_OLD_GROUP: u32 = 13;
export const MESSAGING_BATCH_COUNT: u32 = 14;
export const MESSAGING_PARTITION: u32 = 15;
export const MESSAGING_OPERATION_TYPE: u32 = 16;
export const MESSAGING_OPERATION: u32 = 17;
export const MESSAGING_OPERATION_NAME: u32 = 18;
export const DB_SYSTEM_NAME: u32 = 19;
export const DB_SYSTEM: u32 = 20;
export const DB_NAMESPACE: u32 = 21;
export const DB_NAME: u32 = 22;
export const DB_COLLECTION_NAME: u32 = 23;
export const DB_SQL_TABLE: u32 = 24;
export const DB_OPERATION_NAME: u32 = 25;
export const HTTP_REQUEST_METHOD: u32 = 26;
export const HTTP_METHOD: u32 = 27;
export const HTTP_STATUS: u32 = 28;
export const HTTP_OLD_STATUS: u32 = 29;
export const HTTP_ROUTE: u32 = 30;
export const RPC_SYSTEM_NAME: u32 = 31;
export const RPC_SYSTEM: u32 = 32;
export const ERROR_TYPE: u32 = 33;
export const PEER_SERVICE: u32 = 34;
export const SERVER_ADDRESS: u32 = 35;
export const NET_PEER_NAME: u32 = 36;
export const TOPIC: u32 = 37;
export const GROUP: u32 = 38;
export const PARTITION: u32 = 39;
/** One past the last; at most 64. */
export const HOT_END: u32 = 40;

/** The columns' usual values, symbols too. */
export const DEFAULT_PIPELINE: u32 = HOT_END;
export const HTTP: u32 = HOT_END + 1;

/** Forgets all symbols but these. */
export function startSymbols(): void {
  resetSymbols();
  name('service.name');
  name('service.namespace');
  name('weir.pipeline');
  name('weir.origin');
  name('weir.console.url');
  name('weir.event.time');
  name('weir.signal');
  name('messaging.system');
  name('messaging.destination.name');
  name('messaging.destination');
  name('messaging.consumer.group.name');
  name('messaging.kafka.consumer.group');
  name('messaging.consumer_group');
  name('messaging.batch.message_count');
  name('messaging.destination.partition.id');
  name('messaging.operation.type');
  name('messaging.operation');
  name('messaging.operation.name');
  name('db.system.name');
  name('db.system');
  name('db.namespace');
  name('db.name');
  name('db.collection.name');
  name('db.sql.table');
  name('db.operation.name');
  name('http.request.method');
  name('http.method');
  name('http.response.status_code');
  name('http.status_code');
  name('http.route');
  name('rpc.system.name');
  name('rpc.system');
  name('error.type');
  name('peer.service');
  name('server.address');
  name('net.peer.name');
  name('topic');
  name('group');
  name('partition');
  name('default');
  name('http');
}

function name(text: string): void {
  const at = allocate(64);
  for (let i = 0; i < text.length; i++) store<u8>(at + i, text.charCodeAt(i));
  intern(at, text.length);
  release(at, capacityFor(64));
}
