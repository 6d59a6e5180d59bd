// The module's exports, as collector/reader/instance.ts calls them.

import { roomForText, setHooked } from './attributes';
import { clearRows, markRows, rollbackRows, sizeOfRows, table, TABLES, Rows } from './columns';
import { hash128, hash64, hashHigh, hashLow } from './hash';
import { startSymbols } from './hot';
import { accepted, beginRequest, dated, itemIndex, metricIndex, resourceIndex, scopeIndex, setFilters } from './items';
import { clearHits, limitHits, setLimit } from './limits';
import { resetLogs } from './logs';
import { allocate, Bytes, capacityFor, clear, newBytes, release, reserve, useAll } from './memory';
import { beginMetrics, forgetMetrics, rollbackMetrics, startMetrics } from './metrics';
import {
  descriptionAt, descriptionSize, isMonotonic, metricType, nameAt, nameSize, temporality, unitAt, unitSize,
} from './metrics-metric';
import { plan, runs } from './native';
import { readRequest } from './requests';
import {
  beginTelling, forgetScopes, resourceAt, resourceSchemaAt, resourceSchemaSize, resourceSize, scopeAt, scopesAreMany,
  scopeSchemaAt, scopeSchemaSize, scopeSize, serviceSymbol, setRevision, setSilent, untell,
} from './scopes';
import { setAdmission } from './series-rows';
import { resetShapes } from './shapes';
import { resetDerived } from './span-derived';
import { resetNested } from './span-nested';
import { resetSpans } from './spans';
import { seedSymbols, symbolsAreMany, symbolSize, symbolText } from './symbols';
import { scratch } from './text';
import { clearValues } from './value';
import { dropKept, origin } from './wire';

export {
  accepted, dated, hashHigh, hashLow, itemIndex, limitHits, metricIndex, resourceIndex, roomForText, scopeIndex, setFilters,
  setHooked, setLimit, setRevision,
  setAdmission, nameAt, nameSize, descriptionAt, descriptionSize, unitAt, unitSize, metricType, temporality, isMonotonic,
  resourceAt, resourceSize, resourceSchemaAt, resourceSchemaSize, scopeAt, scopeSize, scopeSchemaAt, scopeSchemaSize,
};

/** Where the name of the current service lies. */
export function serviceAt(): u32 {
  return symbolText(serviceSymbol);
}

export function serviceSize(): u32 {
  return symbolSize(serviceSymbol);
}

/** The request that is being read, and a byte of room in front of it. */
const input: Bytes = newBytes();

export function start(seed: u64): void {
  seedSymbols(seed);
  startSymbols();
  forgetScopes();
  startMetrics(seed);
}

/** The address to put `size` bytes at. */
export function inputFor(size: u32): u32 {
  input.length = 0;
  reserve(input, size + 64);
  input.length = size;
  return input.ptr;
}

/** The place in the input of an address that `fail` was told. */
export function inputOffset(at: u32): u32 {
  const from = origin(at);
  return from >= input.ptr && from - input.ptr <= input.length ? from - input.ptr : input.length;
}

export function hashInput(seed: u64): void {
  hash128(input.ptr, input.length, seed);
}

export function hashInput64(seed: u64): u64 {
  return hash64(input.ptr, input.length, seed);
}

/** Reads the input as a request. `skipped` has a bit for each table that gets no rows. When it throws, `rollback` must follow. */
export function read(signal: i32, skipped: u32, now: u64, oldest: u64, newest: u64): void {
  for (let i: u32 = 0; i < TABLES; i++) if (hasTable(i)) markRows(table(i));
  clearHits();
  beginTelling();
  beginMetrics((skipped & 2) != 0);
  setSilent((skipped & 1) != 0);
  beginRequest(now, oldest, newest);
  readRequest(signal, input.ptr, input.ptr + input.length);
  for (let i: u32 = 0; i < TABLES; i++) if (((skipped >> i) & 1) && hasTable(i)) rollbackRows(table(i));
}

export function rollback(): void {
  for (let i: u32 = 0; i < TABLES; i++) if (hasTable(i)) rollbackRows(table(i));
  untell();
  rollbackMetrics();
  dropKept(0);
  clearValues();
}

function hasTable(index: u32): bool {
  return table(index) != changetype<Rows>(<usize>0);
}

/** Rows of a table that came since the request began. */
export function newRowsOf(index: u32): u32 {
  return hasTable(index) ? table(index).count - table(index).mark : 0;
}

export function rowsOf(index: u32): u32 {
  return hasTable(index) ? table(index).count : 0;
}

export function bytesOf(index: u32): f64 {
  return hasTable(index) && table(index).count > 0 ? <f64>sizeOfRows(table(index)) : 0;
}

/** Lists the runs of bytes of a table's block at `planned`; their number. */
export function planBlock(index: u32): u32 {
  useAll(true);
  const count = plan(table(index));
  useAll(false);
  return count;
}

export function planned(): u32 {
  return runs.ptr;
}

/** Empties all tables after their blocks were taken. */
export function clearTables(): void {
  const fresh = symbolsAreMany();
  for (let i: u32 = 0; i < TABLES; i++) if (hasTable(i)) clearRows(table(i), fresh);
  if (fresh) {
    resetShapes();
    startSymbols();
    resetSpans();
    resetNested();
    resetDerived();
    resetLogs();
  }
  if (fresh || scopesAreMany()) forgetScopes();
  clear(scratch);
  if (input.capacity > 8 << 20) {
    release(input.ptr, input.capacity);
    input.ptr = input.capacity = input.length = 0;
  }
}

/** Forgets what was told. */
export function forget(): void {
  forgetScopes();
  forgetMetrics();
}
