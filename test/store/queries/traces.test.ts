import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTrace, searchTraces } from '../../../store/queries/traces.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { consume, NOON, nanos, span } from './telemetry-rows.ts';

const SLOW = '4bf92f3577b34da6a3ce929d0e0e4736';
const FAST = '00000000000000000000000000000001';
const OLD = '00000000000000000000000000000002';

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
  await stand.store.insert('otel_traces', [child, root]);
  await stand.store.insert('otel_traces', [
    span({ trace: FAST, at: NOON + 60_000, ms: 1 }),
    span({ trace: OLD, at: NOON - 7_200_000, ms: 5000, error: true }),
    span({ trace: '', at: NOON }),
  ]);
});
afterAll(() => stand?.stop());

describe('readTrace', () => {
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
    expect(await readTrace(stand.store, '')).toEqual([]);
  });
});

describe('searchTraces', () => {
  const range = { from: NOON - 60_000, to: NOON + 120_000 };
  const ids = async (search: object = {}) =>
    (await searchTraces(stand.store, { ...range, ...search })).map((found) => found.traceId);

  test('sums a trace up', async () => {
    const [, slow] = await searchTraces(stand.store, range);
    expect(slow).toEqual({
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

  test('finds by service, duration and error, the newest first, and the whole trace of a span that fits', async () => {
    expect(await ids()).toEqual([FAST, SLOW]);
    expect(await ids({ limit: 1 })).toEqual([FAST]);
    expect(await ids({ service: 'billing' })).toEqual([SLOW]);
    expect(await ids({ service: 'gateway', minDurationMs: 100 })).toEqual([]);
    expect(await ids({ minDurationMs: 900 })).toEqual([SLOW]);
    expect(await ids({ onlyErrors: true })).toEqual([SLOW]);
    expect(await ids({ service: 'gateway', onlyErrors: true })).toEqual([]);
    expect(await ids({ from: NOON - 86_400_000, onlyErrors: true })).toEqual([SLOW, OLD]);
    expect(await ids({ service: "' OR 1" })).toEqual([]);
  });
});
