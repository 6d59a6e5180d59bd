import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTraceId, readTrace } from '../../../store/queries/traces.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, NOON, nanos, span } from './telemetry-rows.ts';

const SLOW = '4bf92f3577b34da6a3ce929d0e0e4736';
const FAST = '00000000000000000000000000000001';
const OLD = '00000000000000000000000000000002';
const LONG = '00000000000000000000000000000003';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
  const root = {
    ...(span({
      trace: SLOW,
      name: 'POST /orders',
      ms: 30.5,
      at: NOON + 0.125,
      resource: { 'host.name': 'h1' },
    }) as object),
    SpanId: 'aaaaaaaaaaaaaaaa',
    StatusMessage: 'fine',
    StatusCode: 'Ok',
    'Events.Timestamp': [nanos(NOON + 1)],
    'Events.Name': ['validated'],
    'Events.Attributes': [{ items: '3' }],
    'Links.TraceId': [FAST],
    'Links.SpanId': ['bbbbbbbbbbbbbbbb'],
    'Links.TraceState': [''],
    'Links.Attributes': [{ 'messaging.kafka.offset': '17' }],
  };
  const child = {
    ...(consume('orders', 'g', {
      trace: SLOW,
      service: 'billing',
      name: 'orders process',
      at: NOON + 40,
      ms: 900,
      error: true,
    }) as object),
    SpanId: 'cccccccccccccccc',
    ParentSpanId: 'aaaaaaaaaaaaaaaa',
    SpanKind: 'SPAN_KIND_CONSUMER',
    StatusCode: 'STATUS_CODE_ERROR',
  };
  await insertStock(stand.store, 'otel_traces', [child, root]);
  await insertStock(stand.store, 'otel_traces', [
    span({ trace: FAST, at: NOON + 60_000, ms: 1 }),
    span({ trace: OLD, at: NOON - 7_200_000, ms: 5000, error: true }),
    span({ trace: '', at: NOON }),
  ]);
});
afterAll(() => stand?.stop());

describe('readTrace', () => {
  test('asks once what a scope says', async () => {
    const asked: string[] = [];
    const watched = new Proxy(stand.store, {
      get(store, name) {
        if (name !== 'rows') return Reflect.get(store, name);
        return (sql: string, ...rest: []) => {
          asked.push(sql);
          return store.rows(sql, ...rest);
        };
      },
    });
    const first = await readTrace(watched, SLOW);
    expect(asked.filter((sql) => sql.includes('resource_scopes'))).toHaveLength(1);
    expect(await readTrace(watched, SLOW)).toEqual(first);
    expect(first[0]?.resource).toMatchObject({ 'host.name': 'h1' });
    expect(asked.filter((sql) => sql.includes('resource_scopes'))).toHaveLength(1);
  });

  test('gives every span of a trace, by start, whatever the case of the id', async () => {
    const spans = await readTrace(stand.store, SLOW.toUpperCase());
    expect(spans).toHaveLength(2);
    expect(spans[0]).toEqual({
      traceId: SLOW,
      spanId: 'aaaaaaaaaaaaaaaa',
      parentSpanId: '',
      name: 'POST /orders',
      kind: 'Server',
      service: 'gateway',
      start: NOON + 0.125,
      durationMs: 30.5,
      status: 'Ok',
      statusMessage: 'fine',
      attributes: {},
      resource: { 'host.name': 'h1' },
      events: [{ time: NOON + 1, name: 'validated', attributes: { items: '3' } }],
      links: [{ traceId: FAST, spanId: 'bbbbbbbbbbbbbbbb', attributes: { 'messaging.kafka.offset': '17' } }],
    });
    expect(spans[1]).toMatchObject({
      kind: 'Consumer',
      status: 'Error',
      parentSpanId: 'aaaaaaaaaaaaaaaa',
      durationMs: 900,
    });
  });

  test('of an unknown trace gives nothing', async () => {
    expect(await readTrace(stand.store, 'ffff')).toEqual([]);
    for (const none of ['', '0', '0'.repeat(32), 'not an id', 'f'.repeat(33)]) {
      expect(await readTrace(stand.store, none)).toEqual([]);
    }
  });

  test('of 64 bits is found with and without its zeros in front', async () => {
    expect(parseTraceId('1')).toBe(FAST);
    expect(await readTrace(stand.store, '1')).toMatchObject([
      { traceId: FAST, parentSpanId: '', links: [], events: [] },
    ]);
  });

  test('stored at different times, around midnight, is read whole', async () => {
    const midnight = NOON + 43_200_000;
    const at = [midnight - 7_200_000, midnight - 1, midnight + 1];
    for (const time of at) await insertStock(stand.store, 'otel_traces', [span({ trace: LONG, at: time })]);
    const spans = await readTrace(stand.store, LONG);
    expect(spans.map((one) => one.start)).toEqual(at);
  });
});
