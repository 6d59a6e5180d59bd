// Columns of a span that are derived from its attributes, in the newest and in older spellings.

import { hasHot, hotMask, hotPair, pairSize, pairText } from './attributes';
import { set16, set32, set64, set8, setLow } from './columns';
import {
  DB_COLLECTION_NAME, DB_NAME, DB_NAMESPACE, DB_SQL_TABLE, DB_SYSTEM, DB_SYSTEM_NAME, ERROR_TYPE, HTTP, HTTP_METHOD,
  HTTP_OLD_STATUS, HTTP_REQUEST_METHOD, HTTP_ROUTE, HTTP_STATUS, MESSAGING_BATCH_COUNT, MESSAGING_DESTINATION,
  MESSAGING_DESTINATION_NAME, MESSAGING_GROUP, MESSAGING_KAFKA_GROUP, MESSAGING_OLD_GROUP, MESSAGING_SYSTEM,
  NET_PEER_NAME, PEER_SERVICE, RPC_SYSTEM, RPC_SYSTEM_NAME, SERVER_ADDRESS, WEIR_EVENT_TIME,
} from './hot';
import {
  consumerGroups, dbCollections, destinationKinds, destinations, destinationSystems, errorTypes, eventTimesMs,
  httpRoutes, httpStatuses, messages,
} from './span-columns';
import { EMPTY, internAfter } from './symbols';

const KIND_CLIENT: u32 = 3;
const NOWHERE: u32 = 0;
export const TO_TOPIC: u32 = 1;
export const TO_DATABASE: u32 = 2;
export const TO_EXTERNAL: u32 = 3;

// @ts-ignore: decorator
@inline
function bit(key: u32): u64 {
  return <u64>1 << key;
}

const MESSAGING = bit(MESSAGING_SYSTEM) | bit(MESSAGING_DESTINATION_NAME) | bit(MESSAGING_DESTINATION);
const DATABASE = bit(DB_SYSTEM_NAME) | bit(DB_SYSTEM);
const HTTP_METHODS = bit(HTTP_REQUEST_METHOD) | bit(HTTP_METHOD);

/** The symbol of a hot key's text, EMPTY without one; mostly one of the two that came under this key the last times. */
// @ts-ignore: decorator
@inline
export function valueSymbol(key: u32): u32 {
  return hasHot(key) ? valueSymbolOf(key) : EMPTY;
}

const HINTS = <u32>memory.data(64 * 4, 4);

function valueSymbolOf(key: u32): u32 {
  const pair = hotPair(key);
  const hint = HINTS + (key << 2);
  // Values of a key follow one another as keys do: the symbol before is where the guess starts.
  const symbol = internAfter(load<u32>(hint), pairText(pair), pairSize(pair));
  store<u32>(hint, symbol);
  return symbol;
}

/** Symbols start anew. */
export function resetDerived(): void {
  memory.fill(HINTS, 0, 64 * 4);
}

/** The symbol under the first of two keys that has a text. */
// @ts-ignore: decorator
@inline
export function firstOf(a: u32, b: u32): u32 {
  return hasHot(a) ? valueSymbolOf(a) : valueSymbol(b);
}

/** The number that the text under `key` is when it is nothing but digits and at most `most`, else `otherwise`. */
export function numberOf(key: u32, most: u64, otherwise: u64): u64 {
  if (!hasHot(key)) return otherwise;
  const pair = hotPair(key);
  const at = pairText(pair);
  const size = pairSize(pair);
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const digit = <u64>load<u8>(at + i) - 0x30;
    if (digit > 9) return otherwise;
    // Past this the next digit would not fit into 64 bits.
    if (value > 1844674407370955161 || (value == 1844674407370955161 && digit > 5)) return otherwise;
    value = value * 10 + digit;
  }
  return value > most ? otherwise : value;
}

/** The database's name; one of digits only is Redis' database number, which names nothing. */
export function databaseSymbol(): u32 {
  const key = hasHot(DB_NAMESPACE) ? DB_NAMESPACE : DB_NAME;
  if (!hasHot(key)) return EMPTY;
  const pair = hotPair(key);
  const at = pairText(pair);
  const size = pairSize(pair);
  for (let i: u32 = 0; i < size; i++) {
    if (<u32>load<u8>(at + i) - 0x30 > 9) return valueSymbolOf(key);
  }
  return EMPTY;
}

export function groupSymbol(): u32 {
  return hasHot(MESSAGING_GROUP) ? valueSymbolOf(MESSAGING_GROUP) : firstOf(MESSAGING_KAFKA_GROUP, MESSAGING_OLD_GROUP);
}

/** Fills in the derived columns of a row. */
export function deriveSpan(row: u32, kind: u32): void {
  let destination = EMPTY;
  let system = EMPTY;
  let group = EMPTY;
  let to = NOWHERE;
  if (hotMask & MESSAGING) {
    to = TO_TOPIC;
    destination = firstOf(MESSAGING_DESTINATION_NAME, MESSAGING_DESTINATION);
    system = valueSymbol(MESSAGING_SYSTEM);
    group = groupSymbol();
  } else if (hotMask & DATABASE) {
    to = TO_DATABASE;
    destination = databaseSymbol();
    system = firstOf(DB_SYSTEM_NAME, DB_SYSTEM);
  } else {
    if (kind == KIND_CLIENT) {
      to = TO_EXTERNAL;
      destination = hasHot(PEER_SERVICE) ? valueSymbolOf(PEER_SERVICE) : firstOf(SERVER_ADDRESS, NET_PEER_NAME);
    }
    system = hotMask & HTTP_METHODS ? HTTP : firstOf(RPC_SYSTEM_NAME, RPC_SYSTEM);
  }
  setLow(destinations, row, destination);
  setLow(destinationSystems, row, system);
  set8(destinationKinds, row, to);
  setLow(consumerGroups, row, group);
  set32(messages, row, <u32>numberOf(MESSAGING_BATCH_COUNT, 0xffffffff, 1));
  set64(eventTimesMs, row, numberOf(WEIR_EVENT_TIME, 0xffffffffffffffff, 0));
  set16(httpStatuses, row, <u32>numberOf(hasHot(HTTP_STATUS) ? HTTP_STATUS : HTTP_OLD_STATUS, 0xffff, 0));
  setLow(httpRoutes, row, valueSymbol(HTTP_ROUTE));
  setLow(errorTypes, row, valueSymbol(ERROR_TYPE));
  setLow(dbCollections, row, firstOf(DB_COLLECTION_NAME, DB_SQL_TABLE));
}
