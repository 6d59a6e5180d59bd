import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from '../../store/migrate.ts';
import { startTestStore, type TestStore } from './harness.ts';
import { expectLevelsAgree } from './levels.ts';
import { consume, lag, NOON, point, produce, query, span } from './queries/telemetry-rows.ts';
import type { StockTable } from './stock-rows.ts';
import { insertWire } from './wire-rows.ts';

const MIGRATIONS = join(import.meta.dirname, '../../store/migrations');
/** The last migration under which the stock names are tables. */
const STOCK = '0005';

let stand: TestStore;
/** A store that was filled before the lean tables, in the exporter's words, and then brought to the present. */
beforeAll(async () => {
  stand = await startTestStore({ migrate: false });
  const folder = await mkdtemp(join(tmpdir(), 'weir-migrations-'));
  for (const file of await readdir(MIGRATIONS)) {
    if (file.slice(0, 4) <= STOCK) await cp(join(MIGRATIONS, file), join(folder, file));
  }
  await migrate(stand.store, undefined, { folder });
  await rm(folder, { recursive: true });
  for (const [table, rows] of Object.entries(ROWS('moved'))) await stand.store.insert(table, rows);
  await stand.store.insert('otel_traces', [OLD_SPELLINGS]);
  await migrate(stand.store);
  for (const [table, rows] of Object.entries(ROWS('wire'))) await insertWire(stand.store, table as StockTable, rows);
});
afterAll(() => stand?.stop());

const TRACE = 'cd'.repeat(16);
/** As exporters of before 2024 spell kinds and statuses, which no OTLP request does. */
const OLD_SPELLINGS = {
  ...span({
    pipeline: 'spelled',
    trace: TRACE,
    attributes: { 'messaging.system': 'kafka', 'messaging.destination': 'orders' },
  }),
  Timestamp: `${NOON / 1000}.123456789`,
  SpanKind: 'SPAN_KIND_CONSUMER',
  StatusCode: 'STATUS_CODE_ERROR',
};

const ROWS = (pipeline: string): Partial<Record<StockTable, readonly object[]>> => {
  const call = (name: string, attributes: Record<string, string>, kind = 'Client') =>
    span({ pipeline, kind, name, attributes });
  const histogram = (metric: string, attributes: Record<string, string>) =>
    point(
      { pipeline, metric, attributes, at: NOON + 20_000 },
      { Count: 3, Sum: 1, BucketCounts: [1, 2], ExplicitBounds: [0.25], AggregationTemporality: 1 },
    );
  const exponential = (metric: string, attributes: Record<string, string>) =>
    point(
      { pipeline, metric, attributes },
      {
        ...{ Count: 2, Sum: 0.5, Scale: 3, ZeroCount: 1, PositiveOffset: -4, PositiveBucketCounts: [1] },
        AggregationTemporality: 1,
      },
    );
  const kafka = { 'messaging.destination.name': 'orders', 'messaging.system': 'kafka' };
  return {
    otel_traces: [
      consume('orders', 'billing', {
        pipeline,
        error: true,
        attributes: { 'messaging.batch.message_count': '25', 'weir.event.time': String(NOON - 4000) },
      }),
      produce('orders', { pipeline, attributes: { 'messaging.batch.message_count': 'many' } }),
      call('old topic', { 'messaging.destination': 'orders', 'messaging.kafka.consumer.group': 'g' }, 'Consumer'),
      call('older group', { 'messaging.system': 'kafka', 'messaging.consumer_group': 'g' }, 'Consumer'),
      call('group without topic', { 'messaging.consumer_group': 'g' }, 'Consumer'),
      query('warehouse', { pipeline, attributes: { 'db.collection.name': 'orders' } }),
      call('old database', { 'db.system': 'mysql', 'db.name': 'shop', 'db.sql.table': 'cart' }),
      call('redis', { 'db.system.name': 'redis', 'db.namespace': '0' }),
      call('http', {
        ...{ 'http.request.method': 'GET', 'server.address': 'rates.example', 'http.route': '/rates' },
        ...{ 'http.response.status_code': '503', 'error.type': '503' },
      }),
      call('old http', { 'http.method': 'GET', 'net.peer.name': 'legacy.example', 'http.status_code': '99999' }),
      call('grpc', { 'rpc.system': 'grpc', 'peer.service': 'pricing', 'server.address': '10.0.0.7' }),
      call('served', { 'http.request.method': 'GET', 'server.address': 'me' }, 'Server'),
      call('empty', { 'messaging.destination.name': '', 'db.system': '', 'peer.service': '' }),
      call('internal', {}, 'Internal'),
      span({ pipeline, kind: 'Unspecified', service: '', name: 'nameless' }),
    ],
    otel_metrics_gauge: [
      lag('orders', 'billing', 3, 7, { pipeline }),
      point({ pipeline, metric: 'heat', value: 3, attributes: { 'weir.signal': 'heat' } }),
      point({ pipeline, metric: 'temperature', value: 4 }),
      point({ pipeline, service: 'sink', metric: 'weir.event.time', value: NOON - 1500 }),
    ],
    otel_metrics_sum: [
      point(
        { pipeline, metric: 'd', at: NOON + 60_000, attributes: { 'weir.signal': 's' } },
        { Value: 2, AggregationTemporality: 1 },
      ),
      point({ pipeline, metric: 'c' }, { Value: 2, AggregationTemporality: 2, IsMonotonic: true }),
    ],
    otel_metrics_histogram: [
      histogram('messaging.process.duration', { ...kafka, 'messaging.kafka.consumer.group': 'g' }),
      histogram('messaging.client.operation.duration', { ...kafka, 'messaging.operation.type': 'send' }),
      histogram('messaging.client.operation.duration', { ...kafka, 'messaging.operation': 'publish' }),
      histogram('messaging.client.operation.duration', { ...kafka, 'messaging.operation.type': 'receive' }),
      histogram('db.client.operation.duration', { 'db.system': 'redis', 'db.name': '12', 'db.operation.name': 'GET' }),
      histogram('http.client.request.duration', { 'http.request.method': 'GET', 'server.address': 'rates.example' }),
      histogram('http.server.request.duration', {
        ...{ 'http.request.method': 'GET', 'http.route': '/x', 'http.response.status_code': '500' },
        'server.address': 'me',
      }),
      histogram('unrelated', kafka),
    ],
    otel_metrics_exponential_histogram: [
      exponential('messaging.process.duration', { ...kafka, 'error.type': 'timeout' }),
      exponential('http.client.request.duration', { 'http.response.status_code': '404', 'server.address': 'a' }),
    ],
  };
};

/** All rows of a pipeline, without what says from where they are. */
const rowsOf = (table: string, pipeline: string, columns: string, order = columns) =>
  stand.store.rows(`SELECT ${columns} FROM ${table} WHERE Pipeline = {pipeline:String} ORDER BY ${order}`, {
    pipeline,
  });

describe('rows that were stored before', () => {
  test.each([
    [
      'spans',
      'SpanName, SpanKind, ServiceName, StatusCode, toString(Attributes) AS attributes, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Messages, EventTime, HttpStatus, HttpRoute, ErrorType, DbCollection',
    ],
    ['metric_points', 'MetricName, ServiceName, Signal, Type, Temporality, IsMonotonic, Time, Value'],
    [
      'metric_series',
      'MetricName, ServiceName, Type, Temporality, IsMonotonic, toString(mapSort(Attributes)) AS attributes, Signal, Topic, ConsumerGroup, Partition',
    ],
    [
      'metric_histograms',
      'MetricName, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, IsError, Count, BucketCounts',
    ],
    [
      'metric_exponential_histograms',
      'MetricName, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, IsError, Count, PositiveBucketCounts',
    ],
  ])('are in %s what the wire reader makes of the same', async (table, columns) => {
    const moved = await rowsOf(table, 'moved', columns);
    expect(moved.length).toBeGreaterThan(1);
    expect(moved).toEqual(await rowsOf(table, 'wire', columns));
  });

  test.each([
    ...['red_10s', 'red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h', 'gauge_10s', 'gauge_1m', 'gauge_1h'],
    'services',
  ])('are counted in %s as others are', async (table) => {
    const columns = await stand.store.rows<{ name: string }>(
      `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${table}'
          AND name NOT IN ('Pipeline', 'SeriesId', 'FirstSeen', 'LastSeen') ORDER BY position`,
    );
    const names = columns.map(({ name }) => name).join(', ');
    const moved = await rowsOf(`${table} FINAL`, 'moved', names);
    expect(moved.length).toBeGreaterThan(1);
    expect(moved).toEqual(await rowsOf(`${table} FINAL`, 'wire', names));
  });

  test('may spell kinds and statuses as the exporter once did', async () => {
    const columns = 'SpanKind, StatusCode, Destination, DestinationKind';
    expect(await rowsOf('spans', 'spelled', columns)).toEqual([
      { SpanKind: 'Consumer', StatusCode: 'Error', Destination: 'orders', DestinationKind: 'topic' },
    ]);
    for (const level of ['red_10s', 'red_1m', 'red_1h']) {
      expect(await rowsOf(level, 'spelled', 'Kind, Errors, Destination'), level).toEqual([
        { Kind: 'Consumer', Errors: 1, Destination: 'orders' },
      ]);
    }
  });

  test('leave levels that agree', async () => {
    const { red_10s, gauge_10s, gauge_1m } = await expectLevelsAgree(stand.store);
    expect([red_10s, gauge_10s, gauge_1m]).toEqual([2 * (15 + 21 + 4) + 1, 2 * 4, 2 * 6]);
  });

  test('keep the nanoseconds and the place of their trace', async () => {
    expect(
      await stand.store.rows(
        `SELECT toString(toUnixTimestamp64Nano(s.Timestamp)) AS ns, i.start AS start, i.end AS end
        FROM otel_traces AS s
        JOIN (SELECT TraceId, toUnixTimestamp(min(Start)) AS start, toUnixTimestamp(max(End)) AS end
          FROM otel_traces_trace_id_ts GROUP BY TraceId) AS i ON s.TraceId = i.TraceId
        WHERE s.TraceId = '${TRACE}'`,
      ),
    ).toEqual([{ ns: `${NOON / 1000}123456789`, start: NOON / 1000, end: NOON / 1000 }]);
  });
});
