import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../../store/client.ts';
import { searchTraces, type TraceSearch } from '../../../store/queries/trace-search.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, NOON, query, type SpanSpec, span } from './telemetry-rows.ts';

const H = 3_600_000;
const id = (n: number) => n.toString(16).padStart(32, '0');
const [SLOW, FAST, OLD] = [id(0xa1), id(0xa2), id(0xa3)] as [string, string, string];
const range = { from: NOON - 60_000, to: NOON + 120_000 };

let stand: TestStore;
const put = (...rows: object[]) => insertStock(stand.store, 'otel_traces', rows);
const ids = async (search: Partial<TraceSearch> = {}) =>
  (await searchTraces(stand.store, { ...range, ...search })).traces.map((found) => found.traceId);

beforeAll(async () => {
  stand = await startTestStore();
  await put(
    span({
      trace: SLOW,
      name: 'POST /orders',
      ms: 30.5,
      at: NOON + 0.125,
      pipeline: 'orders',
      resource: { 'host.name': 'h1' },
    }),
    consume('orders', 'g', {
      trace: SLOW,
      service: 'billing',
      name: 'orders process',
      at: NOON + 40,
      ms: 900,
      error: true,
    }),
  );
  await put(
    span({ trace: FAST, at: NOON + 60_000, ms: 1 }),
    span({ trace: OLD, at: NOON - 2 * H, ms: 5000, error: true }),
    span({ trace: '', at: NOON }),
  );
});
afterAll(() => stand?.stop());

test('a trace is summed up from all of its spans, whichever was found', async () => {
  const { traces } = await searchTraces(stand.store, { ...range, from: NOON + 10 });
  expect(traces[1]).toEqual({
    traceId: SLOW,
    start: NOON + 0.125,
    durationMs: 939.875,
    spans: 2,
    errors: 1,
    services: ['billing', 'gateway'],
    rootService: 'gateway',
    rootName: 'POST /orders',
  });
});

test('finds by service, operation, kind, status and duration, the newest first', async () => {
  expect(await ids()).toEqual([FAST, SLOW]);
  expect(await ids({ limit: 1 })).toEqual([FAST]);
  expect(await ids({ service: 'billing' })).toEqual([SLOW]);
  expect(await ids({ pipeline: 'orders' })).toEqual([SLOW]);
  expect(await ids({ operation: 'orders process' })).toEqual([SLOW]);
  expect(await ids({ service: 'gateway', operation: 'orders process' })).toEqual([]);
  expect(await ids({ kind: 'Consumer' })).toEqual([SLOW]);
  expect(await ids({ kind: 'Client' })).toEqual([]);
  expect(await ids({ service: 'gateway', minDurationMs: 100 })).toEqual([]);
  expect(await ids({ minDurationMs: 900 })).toEqual([SLOW]);
  expect(await ids({ minDurationMs: 900.001 })).toEqual([]);
  expect(await ids({ maxDurationMs: 1 })).toEqual([FAST]);
  expect(await ids({ status: 'Error' })).toEqual([SLOW]);
  expect(await ids({ service: 'gateway', status: 'Error' })).toEqual([]);
  expect(await ids({ from: NOON - 24 * H, status: 'Error' })).toEqual([SLOW, OLD]);
  expect(await ids({ service: "' OR 1" })).toEqual([]);
});

describe('attributes', () => {
  const at = NOON + 6 * H;
  const around = { from: at - 60_000, to: at + 60_000 };
  const find = async (attributes: Record<string, string>, resource = {}) =>
    (await ids({ ...around, attributes, resource })).map((found) => Number.parseInt(found, 16)).sort((a, b) => a - b);
  const odd = { 'a\u0001b': 'x\u0000y', 'app.tenant': 'acme' };
  beforeAll(async () => {
    const one = (n: number, attributes: Record<string, string>, spec: SpanSpec = {}) =>
      span({ trace: id(n), at: at + n, attributes, ...spec });
    await put(
      one(1, { 'app.tenant': 'acme', 'app.user': 'bob' }),
      one(2, { 'app.tenant': 'acme corp', 'other.app.tenant': 'acme' }),
      one(3, { 'app.user': 'acme' }, { resource: { 'host.name': 'h9' } }),
      one(4, odd),
      one(11, { 'http.response.status_code': '503', 'http.route': '/pay/{id}', 'error.type': 'timeout' }),
      one(12, { 'http.status_code': '503' }),
      one(13, { 'http.response.status_code': 'teapot' }),
      one(14, { 'db.sql.table': 'users', 'db.system': 'postgresql' }),
      consume('parcels', 'couriers', { trace: id(15), at: at + 15 }),
      query('warehouse', { trace: id(16), at: at + 16, attributes: { 'db.collection.name': 'users' } }),
    );
  });

  test('kept in the map match by key and whole value', async () => {
    expect(await find({ 'app.tenant': 'acme' })).toEqual([1, 4]);
    expect(await find({ 'app.tenant': 'acme', 'app.user': 'bob' })).toEqual([1]);
    expect(await find({ 'app.tenant': 'corp' })).toEqual([]);
    expect(await find({ tenant: 'acme' })).toEqual([]);
    expect(await find({ 'db.namespace': 'warehouse' })).toEqual([16]);
  });

  test('with zero bytes and the bytes that stand for them are found', async () => {
    expect(await find({ 'a\u0001b': 'x\u0000y' })).toEqual([4]);
    expect(await find({ 'a\u0001b': 'x' })).toEqual([]);
  });

  test('with a column of their own are found in every spelling', async () => {
    expect(await find({ 'http.response.status_code': '503' })).toEqual([11, 12]);
    expect(await find({ 'http.response.status_code': 'teapot' })).toEqual([13]);
    expect(await find({ 'http.status_code': '503' })).toEqual([12]);
    expect(await find({ 'http.route': '/pay/{id}', 'error.type': 'timeout' })).toEqual([11]);
    expect(await find({ 'db.collection.name': 'users' })).toEqual([14, 16]);
    expect(
      await find({ 'messaging.destination.name': 'parcels', 'messaging.consumer.group.name': 'couriers' }),
    ).toEqual([15]);
    expect(await find({ 'messaging.system': 'kafka' })).toEqual([15]);
    expect(await find({ 'messaging.destination.name': 'warehouse' })).toEqual([]);
  });

  test('of the value nothing are absent', async () => {
    expect(await find({ 'app.tenant': '', 'http.route': '' })).toEqual([3, 12, 13, 14, 15, 16]);
  });

  test('of the resource match by its scope', async () => {
    expect(await find({}, { 'host.name': 'h9' })).toEqual([3]);
    expect(await find({ 'app.user': 'acme' }, { 'host.name': 'h9' })).toEqual([3]);
    expect(await find({}, { 'host.name': 'h' })).toEqual([]);
  });
});

describe('pages', () => {
  const at = NOON - 10 * H;
  const service = 'paged';
  const search = { from: at - 2 * H, to: at + 1000, service };
  beforeAll(async () => {
    const rows: object[] = [];
    // Forty traces in two hours, each with two spans ten minutes apart, and ten traces of one and the same instant.
    for (let n = 0; n < 40; n++) {
      for (const ago of [n, n + 10]) rows.push(span({ trace: id(1000 + n), service, at: at - ago * 120_000 }));
    }
    for (let n = 0; n < 10; n++) rows.push(span({ trace: id(2000 + n), service, at: at - 55_000 }));
    await put(...rows);
  });

  async function walk(limit: number, store: Store = stand.store): Promise<string[]> {
    const found: string[] = [];
    let before: string | undefined;
    for (let page = 0; page < 100; page++) {
      const result = await searchTraces(store, { ...search, limit, ...(before === undefined ? {} : { before }) });
      found.push(...result.traces.map((trace) => trace.traceId));
      before = result.next;
      if (before === undefined) return found;
    }
    throw new Error('the pages never ended');
  }

  test('hold every trace once, however long they are', async () => {
    for (const limit of [3, 7, 50, 500]) {
      const found = await walk(limit);
      expect(new Set(found).size, `limit ${limit}`).toBe(found.length);
      expect(found, `limit ${limit}`).toHaveLength(50);
    }
  });

  test('stop with what they have when the time is over, say how far they came, and go on from there', async () => {
    const first = await searchTraces(stand.store, { ...search, limit: 50, budget: 0 });
    expect(first.next).toBeDefined();
    expect(first.searchedTo).toBeGreaterThan(search.from);
    expect(first.searchedTo).toBeLessThan(search.to);
    const whole = await searchTraces(stand.store, { ...search, limit: 500 });
    expect(whole).toMatchObject({ next: undefined, searchedTo: search.from });
  });

  test('refuse a cursor that is none', async () => {
    for (const before of ['', 'x', '12', '1-zz', `1-${'A'.repeat(32)}`]) {
      await expect(searchTraces(stand.store, { ...search, before })).rejects.toMatchObject({
        code: 'store_search_cursor_invalid',
      });
    }
  });
});
