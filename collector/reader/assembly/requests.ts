// A request is resources, with scopes, with items, alike for all signals: fields 1, 2 and 3 are the owner, the list inside
// and a schema URL. Owner and URL may come behind the list, so each level is walked twice.

import { beginScope, setItemIndex, setMetricIndex, setResourceIndex } from './items';
import { readLog } from './logs';
import { readMetric } from './metrics';
import { setResource, setScope } from './scopes';
import { readSpan } from './spans';
import { SIGNAL_LOGS, SIGNAL_METRICS, SIGNAL_TRACES } from './host';
import { cursor, dropKept, gather, gatheredSize, keptMark, knows, LENGTH, length, other, tag } from './wire';

const REQUEST_KNOWN = knows(1, LENGTH);
const LEVEL_KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH);

let ownerAt: u32 = 0;
let ownerSize: u32 = 0;
let schemaAt: u32 = 0;
let schemaSize: u32 = 0;

export function readRequest(signal: i32, at: u32, end: u32): void {
  let index: u32 = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x0a) {
      at = other(field, REQUEST_KNOWN, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    setResourceIndex(index++);
    readScopes(signal, at, at + size);
    at += size;
  }
}

/** Finds the owner and the schema URL of a level. */
function findOwner(from: u32, end: u32): void {
  let owners = 0;
  ownerAt = from;
  ownerSize = 0;
  schemaAt = from;
  schemaSize = 0;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x12) {
      const size = length(at, end);
      at = cursor + size;
    } else if (field == 0x0a) {
      ownerSize = length(at, end);
      ownerAt = cursor;
      at = ownerAt + ownerSize;
      owners++;
    } else if (field == 0x1a) {
      schemaSize = length(at, end);
      schemaAt = cursor;
      at = schemaAt + schemaSize;
    } else at = other(field, LEVEL_KNOWN, at, end);
  }
  if (owners > 1) {
    ownerAt = gather(from, end, 1);
    ownerSize = gatheredSize;
  }
}

function readScopes(signal: i32, from: u32, end: u32): void {
  const mark = keptMark();
  findOwner(from, end);
  setResource(ownerAt, ownerSize, schemaAt, schemaSize);
  let index: u32 = 0;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x12) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    readItems(signal, at, at + size, index++);
    at += size;
  }
  dropKept(mark);
}

function readItems(signal: i32, from: u32, end: u32, scope: u32): void {
  const mark = keptMark();
  findOwner(from, end);
  setScope(ownerAt, ownerSize, schemaAt, schemaSize);
  beginScope(scope, signal);
  // What an item gathers is given back with it, what its scope gathered is needed on.
  const ofItem = keptMark();
  let index: u32 = 0;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x12) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    if (signal == SIGNAL_METRICS) setMetricIndex(index++);
    else setItemIndex(index++);
    if (signal == SIGNAL_TRACES) readSpan(at, at + size);
    else if (signal == SIGNAL_LOGS) readLog(at, at + size);
    else readMetric(at, at + size);
    at += size;
    dropKept(ofItem);
  }
  dropKept(mark);
}
