// Resources and scopes. What they say goes to resource_scopes under an id, once and again when items of it are a minute
// away from those it was told for; items carry the id.

import {
  addPair, appendMap, beginItem, dropPairs, hasHot, hotPair, pairCount, pairSize, pairText,
} from './attributes';
import { Column, appendText, fixed, low, map, newTable, room, Rows, set32, set64, setLow, text } from './columns';
import {
  DEFAULT_PIPELINE, SERVICE_NAME, SERVICE_NAMESPACE, WEIR_CONSOLE_URL, WEIR_ORIGIN, WEIR_PIPELINE,
} from './hot';
import { hash64 } from './hash';
import { PLACE_RESOURCE, PLACE_SCOPE } from './host';
import { allocate, Bytes, capacityFor, newBytes, release, reserve } from './memory';
import { EMPTY, intern } from './symbols';
import { put, putAscii, putJsonText, scratch } from './text';
import { cursor, knows, LENGTH, length, other, tag, VARINT, varint32 } from './wire';

const rows: Rows = newTable(0);
const idColumn: Column = fixed(rows, 8, 'ScopeId', 'UInt64');
const seenColumn: Column = fixed(rows, 4, 'Seen', 'DateTime');
const serviceColumn: Column = low(rows, 'ServiceName');
const pipelineColumn: Column = low(rows, 'Pipeline');
const originColumn: Column = low(rows, 'Origin');
const consoleColumn: Column = text(rows, 'ConsoleUrl');
const resourceSchemaColumn: Column = low(rows, 'ResourceSchemaUrl');
const resourceAttributesColumn: Column = map(rows, 'ResourceAttributes');
const resourceDroppedColumn: Column = fixed(rows, 4, 'ResourceDroppedAttributes', 'UInt32');
const entitiesColumn: Column = text(rows, 'EntityRefs');
const scopeSchemaColumn: Column = low(rows, 'ScopeSchemaUrl');
const nameColumn: Column = text(rows, 'ScopeName');
const versionColumn: Column = low(rows, 'ScopeVersion');
const scopeAttributesColumn: Column = map(rows, 'ScopeAttributes');
const scopeDroppedColumn: Column = fixed(rows, 4, 'ScopeDroppedAttributes', 'UInt32');

/** Nanoseconds that an item may lie outside the told range before the scope is told again. */
const TELL_AGAIN: u64 = 60_000_000_000;
const NEVER: u64 = 0xffffffffffffffff;

const RESOURCE_KNOWN = knows(1, LENGTH) | knows(2, VARINT) | knows(3, LENGTH);
const SCOPE_KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH) | knows(4, VARINT);
const ENTITY_KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH) | knows(4, LENGTH);

/** The scope that items are read of. */
export let scopeId: u64 = 0;
export let serviceSymbol: u32 = 0;
export let pipelineSymbol: u32 = 0;
// Items between these times need no telling.
let quietFrom: u64 = 0;
let quietTo: u64 = 0;

let revision: u64 = 0;
let silent: bool = false;

// The messages of the scope that items are read of.
export let resourceAt: u32 = 0;
export let resourceSize: u32 = 0;
export let scopeAt: u32 = 0;
export let scopeSize: u32 = 0;
export let resourceSchemaAt: u32 = 0;
export let resourceSchemaSize: u32 = 0;
export let scopeSchemaAt: u32 = 0;
export let scopeSchemaSize: u32 = 0;

// Known scopes, open addressing. Slot: id u64 @0, told from u64 @8, told to u64 @16, service u32 @24, pipeline u32 @28;
// free when the service is FREE.
const SLOT: u32 = 32;
const FREE: u32 = 0xffffffff;
const MOST_KNOWN: u32 = 1 << 18;
let slots: u32 = 0;
let slotCount: u32 = 0;
let known: u32 = 0;
let current: u32 = 0;

// Told ranges as they were, to be put back when the request fails: id, from, to, u64 each.
const undo: Bytes = newBytes();

export function setRevision(value: u64): void {
  revision = value;
}

/** Whether no rows are to be told, because the request's are not wanted. */
export function setSilent(value: bool): void {
  silent = value;
}

export function forgetScopes(): void {
  if (slots == 0 || slotCount > 4096) {
    release(slots, slots == 0 ? 0 : capacityFor(slotCount * SLOT));
    slotCount = 1024;
    slots = allocate(slotCount * SLOT);
  }
  memory.fill(slots, 0xff, slotCount * SLOT);
  known = 0;
  undo.length = 0;
}

export function scopesAreMany(): bool {
  return known > MOST_KNOWN;
}

export function beginTelling(): void {
  undo.length = 0;
}

/** Puts the told ranges back as they were before the request. */
export function untell(): void {
  while (undo.length > 0) {
    undo.length -= 24;
    const entry = undo.ptr + undo.length;
    const slot = slotOf(load<u64>(entry));
    store<u64>(slot, load<u64>(entry, 8), 8);
    store<u64>(slot, load<u64>(entry, 16), 16);
  }
}

export function setResource(at: u32, size: u32, schemaAt: u32, schemaSize: u32): void {
  resourceAt = at;
  resourceSize = size;
  resourceSchemaAt = schemaAt;
  resourceSchemaSize = schemaSize;
}

/** Makes a scope of the current resource the current one. */
export function setScope(at: u32, size: u32, schemaAt: u32, schemaSize: u32): void {
  scopeAt = at;
  scopeSize = size;
  scopeSchemaAt = schemaAt;
  scopeSchemaSize = schemaSize;
  let id = hash64(resourceAt, resourceSize, revision);
  id = hash64(resourceSchemaAt, resourceSchemaSize, id);
  id = hash64(at, size, id);
  id = hash64(schemaAt, schemaSize, id);
  scopeId = id;
  const slot = find(id);
  current = (slot - slots) / SLOT;
  serviceSymbol = load<u32>(slot, 24);
  pipelineSymbol = load<u32>(slot, 28);
  quiet(load<u64>(slot, 8), load<u64>(slot, 16));
}

function quiet(from: u64, to: u64): void {
  quietFrom = from == NEVER ? NEVER : from - min(from, TELL_AGAIN);
  quietTo = from == NEVER ? 0 : to + TELL_AGAIN;
}

/** The slot that a scope is in or would be in. */
function slotOf(id: u64): u32 {
  let place = <u32>id & (slotCount - 1);
  while (load<u32>(slots + place * SLOT, 24) != FREE && load<u64>(slots + place * SLOT) != id) {
    place = (place + 1) & (slotCount - 1);
  }
  return slots + place * SLOT;
}

/** The slot of a scope, which is made of the current messages when it is not known. */
function find(id: u64): u32 {
  const slot = slotOf(id);
  if (load<u32>(slot, 24) != FREE) return slot;
  readResource();
  const service = hotSymbol(SERVICE_NAME);
  let pipeline = hotSymbol(WEIR_PIPELINE);
  if (pipeline == EMPTY) pipeline = hotSymbol(SERVICE_NAMESPACE);
  if (pipeline == EMPTY) pipeline = DEFAULT_PIPELINE;
  dropPairs(0);
  // The scope's own message is read too, so that it is refused now if it is malformed.
  readScope();
  dropPairs(0);
  store<u64>(slot, id);
  store<u64>(slot, NEVER, 8);
  store<u64>(slot, 0, 16);
  store<u32>(slot, service, 24);
  store<u32>(slot, pipeline, 28);
  known++;
  if (known << 1 <= slotCount) return slot;
  growSlots();
  return slotOf(id);
}

function growSlots(): void {
  const oldSlots = slots;
  const oldCount = slotCount;
  slotCount <<= 1;
  slots = allocate(slotCount * SLOT);
  memory.fill(slots, 0xff, slotCount * SLOT);
  for (let i: u32 = 0; i < oldCount; i++) {
    const slot = oldSlots + i * SLOT;
    if (load<u32>(slot, 24) == FREE) continue;
    memory.copy(slotOf(load<u64>(slot)), slot, SLOT);
  }
  release(oldSlots, capacityFor(oldCount * SLOT));
}

/** The symbol of a hot key's text in the list just gathered, EMPTY without one. */
export function hotSymbol(key: u32): u32 {
  if (!hasHot(key)) return EMPTY;
  const pair = hotPair(key);
  return intern(pairText(pair), pairSize(pair));
}

/** Tells the current scope for an item of `time` where that is due. Must come after all use of the item's pairs. */
// @ts-ignore: decorator
@inline
export function tellScope(time: u64): void {
  if (time < quietFrom || time > quietTo) tell(time);
}

let resourceDropped: u32 = 0;
let entitiesAt: u32 = 0;
let entitiesSize: u32 = 0;
let scopeNameAt: u32 = 0;
let scopeNameSize: u32 = 0;
let versionAt: u32 = 0;
let versionSize: u32 = 0;
let scopeDropped: u32 = 0;

function tell(time: u64): void {
  if (silent) return;
  const slot = slots + current * SLOT;
  const from = load<u64>(slot, 8);
  const to = load<u64>(slot, 16);
  reserve(undo, 24);
  const entry = undo.ptr + undo.length;
  store<u64>(entry, scopeId);
  store<u64>(entry, from, 8);
  store<u64>(entry, to, 16);
  undo.length += 24;
  store<u64>(slot, from == NEVER ? time : min(from, time), 8);
  store<u64>(slot, max(to, time), 16);
  quiet(load<u64>(slot, 8), load<u64>(slot, 16));
  room(rows, 1);
  const row = rows.count;
  set64(idColumn, row, scopeId);
  set32(seenColumn, row, <u32>(time / 1_000_000_000));
  setLow(serviceColumn, row, serviceSymbol);
  setLow(pipelineColumn, row, pipelineSymbol);
  readResource();
  setLow(originColumn, row, hotSymbol(WEIR_ORIGIN));
  if (hasHot(WEIR_CONSOLE_URL)) {
    const pair = hotPair(WEIR_CONSOLE_URL);
    appendText(consoleColumn, pairText(pair), pairSize(pair));
  } else appendText(consoleColumn, resourceAt, 0);
  setLow(resourceSchemaColumn, row, intern(resourceSchemaAt, resourceSchemaSize));
  appendMap(resourceAttributesColumn, row, 0);
  set32(resourceDroppedColumn, row, resourceDropped);
  appendText(entitiesColumn, scratch.ptr + entitiesAt, entitiesSize);
  readScope();
  setLow(scopeSchemaColumn, row, intern(scopeSchemaAt, scopeSchemaSize));
  appendText(nameColumn, scopeNameAt, scopeNameSize);
  setLow(versionColumn, row, intern(versionAt, versionSize));
  appendMap(scopeAttributesColumn, row, 0);
  set32(scopeDroppedColumn, row, scopeDropped);
  rows.count = row + 1;
  beginItem();
}

/** Gathers the current resource's attributes, and its entities as JSON in `scratch`. */
function readResource(): void {
  beginItem();
  let at = resourceAt;
  const end = at + resourceSize;
  let over: u32 = 0;
  let entities = 0;
  resourceDropped = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, 0, PLACE_RESOURCE, true)) over++;
      at += size;
    } else if (field == 0x10) {
      resourceDropped = varint32(at, end);
      at = cursor;
    } else if (field == 0x1a) {
      const size = length(at, end);
      at = cursor + size;
      entities++;
    } else at = other(field, RESOURCE_KNOWN, at, end);
  }
  resourceDropped += over;
  entitiesAt = scratch.length;
  if (entities > 0) putEntities();
  entitiesSize = scratch.length - entitiesAt;
}

function putEntities(): void {
  let at = resourceAt;
  const end = at + resourceSize;
  let first = true;
  put(0x5b);
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x1a) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    if (!first) put(0x2c);
    first = false;
    putEntity(at, at + size);
    at += size;
  }
  put(0x5d);
}

function putEntity(from: u32, end: u32): void {
  let schemaUrl: u32 = 0;
  let schemaUrlSize: u32 = 0;
  let type: u32 = 0;
  let typeSize: u32 = 0;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      schemaUrlSize = length(at, end);
      schemaUrl = cursor;
      at = schemaUrl + schemaUrlSize;
    } else if (field == 0x12) {
      typeSize = length(at, end);
      type = cursor;
      at = type + typeSize;
    } else if (field == 0x1a || field == 0x22) at = other(field, 0, at, end);
    else at = other(field, ENTITY_KNOWN, at, end);
  }
  putAscii('{"schemaUrl":');
  putJsonText(schemaUrl, schemaUrlSize);
  putAscii(',"type":');
  putJsonText(type, typeSize);
  putAscii(',"idKeys":[');
  putTexts(from, end, 0x1a);
  putAscii('],"descriptionKeys":[');
  putTexts(from, end, 0x22);
  putAscii(']}');
}

function putTexts(at: u32, end: u32, wanted: u32): void {
  let first = true;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field != wanted) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    if (!first) put(0x2c);
    first = false;
    at = cursor + size;
    putJsonText(cursor, size);
  }
}

/** Gathers the current scope's attributes, and finds its name and version. */
function readScope(): void {
  beginItem();
  let at = scopeAt;
  const end = at + scopeSize;
  let over: u32 = 0;
  scopeNameAt = scopeNameSize = versionAt = versionSize = scopeDropped = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      scopeNameSize = length(at, end);
      scopeNameAt = cursor;
      at = scopeNameAt + scopeNameSize;
    } else if (field == 0x12) {
      versionSize = length(at, end);
      versionAt = cursor;
      at = versionAt + versionSize;
    } else if (field == 0x1a) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, 0, PLACE_SCOPE, false)) over++;
      at += size;
    } else if (field == 0x20) {
      scopeDropped = varint32(at, end);
      at = cursor;
    } else at = other(field, SCOPE_KNOWN, at, end);
  }
  scopeDropped += over;
}
