// What a series derives from its attributes, whose pairs are gathered: its id, and the columns that its points repeat.

import { pairKey, pairShape, pairSize, pairText } from './attributes';
import { hash64 } from './hash';
import {
  DB_OPERATION_NAME, DB_SYSTEM, DB_SYSTEM_NAME, ERROR_TYPE, HTTP, HTTP_REQUEST_METHOD, HTTP_ROUTE, HTTP_STATUS,
  MESSAGING_DESTINATION, MESSAGING_DESTINATION_NAME, MESSAGING_OPERATION, MESSAGING_OPERATION_NAME,
  MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM, SERVER_ADDRESS, WEIR_SIGNAL,
} from './hot';
import { hasHot, hotPair } from './attributes';
import { Bytes, newBytes, reserve } from './memory';
import {
  calls, DATABASE_CLIENT, HTTP_CLIENT, HTTP_SERVER, MESSAGING_CLIENT, MESSAGING_PROCESS, NO_CALLS,
} from './metrics-metric';
import { Series } from './series';
import {
  databaseSymbol, firstOf, groupSymbol, TO_DATABASE, TO_EXTERNAL, TO_TOPIC, valueSymbol,
} from './span-derived';
import { EMPTY, intern, symbolSize, symbolText } from './symbols';
import { put, putAscii, putBytes, scratch } from './text';

/** The pairs in order: size and bytes of the key, then of the value; sizes are u32. */
export const canonical: Bytes = newBytes();

/** Lays the pairs out in order of their keys in `canonical`. */
export function layOut(): void {
  canonical.length = 0;
  const shape = pairShape(0);
  for (let i: u32 = 0; i < shape.unique; i++) {
    const pair = load<u32>(shape.order + (i << 2));
    const key = pairKey(pair);
    lay(symbolText(key), symbolSize(key));
    lay(pairText(pair), pairSize(pair));
  }
}

function lay(at: u32, size: u32): void {
  reserve(canonical, size + 4);
  const to = canonical.ptr + canonical.length;
  store<u32>(to, size);
  memory.copy(to + 4, at, size);
  canonical.length += size + 4;
}

/** The id of the series of `metric`: the same for every order of the attributes, in every process. */
export function canonicalId(metric: u64): u64 {
  layOut();
  return hash64(canonical.ptr, canonical.length, metric);
}

export function deriveSeries(series: Series): void {
  series.signal = valueSymbol(WEIR_SIGNAL);
  series.kind = series.operation = series.destination = series.system = series.group = EMPTY;
  series.destinationKind = series.isError = 0;
  if (calls != NO_CALLS) deriveCalls(series);
}

function deriveCalls(series: Series): void {
  series.operation = operation();
  series.group = groupSymbol();
  series.isError = <u8>isError();
  if (calls == MESSAGING_CLIENT || calls == MESSAGING_PROCESS) {
    series.kind = calls == MESSAGING_PROCESS ? kind('Consumer') : kind(isProducer() ? 'Producer' : 'Client');
    series.destination = firstOf(MESSAGING_DESTINATION_NAME, MESSAGING_DESTINATION);
    series.system = valueSymbol(MESSAGING_SYSTEM);
    series.destinationKind = <u8>TO_TOPIC;
  } else if (calls == DATABASE_CLIENT) {
    series.kind = kind('Client');
    series.destination = databaseSymbol();
    series.system = firstOf(DB_SYSTEM_NAME, DB_SYSTEM);
    series.destinationKind = <u8>TO_DATABASE;
  } else {
    series.kind = kind(calls == HTTP_SERVER ? 'Server' : 'Client');
    series.system = HTTP;
    if (calls == HTTP_CLIENT) {
      series.destination = valueSymbol(SERVER_ADDRESS);
      series.destinationKind = <u8>TO_EXTERNAL;
    }
  }
}

/** The method and the route, or the operation's name. */
function operation(): u32 {
  if (!hasHot(HTTP_ROUTE)) {
    return hasHot(MESSAGING_OPERATION_NAME) ? valueSymbol(MESSAGING_OPERATION_NAME) : firstOf(DB_OPERATION_NAME, HTTP_REQUEST_METHOD);
  }
  const start = scratch.length;
  if (hasHot(HTTP_REQUEST_METHOD)) putPair(hotPair(HTTP_REQUEST_METHOD));
  put(0x20);
  putPair(hotPair(HTTP_ROUTE));
  const symbol = intern(scratch.ptr + start, scratch.length - start);
  scratch.length = start;
  return symbol;
}

function putPair(pair: u32): void {
  // The text may lie in `scratch`, which moves when it grows.
  reserve(scratch, pairSize(pair));
  putBytes(pairText(pair), pairSize(pair));
}

function kind(name: string): u32 {
  const start = scratch.length;
  putAscii(name);
  const symbol = intern(scratch.ptr + start, scratch.length - start);
  scratch.length = start;
  return symbol;
}

function isProducer(): bool {
  const key = hasHot(MESSAGING_OPERATION_TYPE) ? MESSAGING_OPERATION_TYPE : MESSAGING_OPERATION;
  return textIs(key, 'send') || textIs(key, 'publish');
}

function textIs(key: u32, wanted: string): bool {
  if (!hasHot(key)) return false;
  const pair = hotPair(key);
  if (pairSize(pair) != wanted.length) return false;
  const at = pairText(pair);
  for (let i = 0; i < wanted.length; i++) if (<i32>load<u8>(at + i) != wanted.charCodeAt(i)) return false;
  return true;
}

/** An error is named, or the status is 500 or more, both as texts. */
function isError(): bool {
  if (hasHot(ERROR_TYPE)) return true;
  if (!hasHot(HTTP_STATUS)) return false;
  const pair = hotPair(HTTP_STATUS);
  const at = pairText(pair);
  const size = pairSize(pair);
  // '500' orders before every text that begins with it, and after every shorter beginning of it.
  for (let i: u32 = 0; i < 3; i++) {
    if (i == size) return false;
    const byte = <u32>load<u8>(at + i);
    const wanted: u32 = i == 0 ? 0x35 : 0x30;
    if (byte != wanted) return byte > wanted;
  }
  return true;
}
