import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../../store/client.ts';
import { EXPORTER, STOCK_NAMES, type StockName } from './exporter.ts';
import { QUESTIONS, TRACE } from './questions.ts';
import { type StockStand, startStockStand } from './stand.ts';
import { MIDNIGHT } from './telemetry.ts';

const COUNT = 50_000;
/** What holds the rows of each name. */
const BENEATH: Record<StockName, string> = {
  ...{ otel_traces: 'spans', otel_traces_trace_id_ts: 'trace_times', otel_logs: 'logs' },
  ...{
    otel_metrics_gauge: 'metric_points',
    otel_metrics_sum: 'metric_points',
    otel_metrics_histogram: 'metric_histograms',
  },
  ...{ otel_metrics_exponential_histogram: 'metric_exponential_histograms', otel_metrics_summary: 'metric_summaries' },
};
let stand: StockStand;

beforeAll(async () => {
  stand = await startStockStand(COUNT);
  const merge = (store: Store, tables: Iterable<string>) =>
    Promise.all(Array.from(tables, (table) => store.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` })));
  await merge(stand.stock, STOCK_NAMES);
  await merge(stand.lean, new Set(Object.values(BENEATH)));
}, 120_000);
afterAll(() => stand?.[Symbol.asyncDispose]());

/** 64-bit integers as text, so that nothing is rounded on the way. */
const read = (store: Store, sql: string) => store.rows(sql, undefined, { output_format_json_quote_64bit_integers: 1 });

describe('a database that was filled before the views', () => {
  test.each(STOCK_NAMES)("%s has the exporter's columns, in its order and of its types", async (name) => {
    const columns = async (store: Store) =>
      (
        await store.rows<{ text: string }>(
          `SELECT concat(name, ' ', type) AS text FROM system.columns
          WHERE database = currentDatabase() AND table = '${name}' ORDER BY position`,
        )
      ).map((row) => row.text);
    const [before, after] = await Promise.all([columns(stand.stock), columns(stand.lean)]);
    expect(after).toEqual(EXPORTER[name]);
    // A view has no aggregating columns: the names and what they read as are the same.
    const plain = before.map((text) => text.replace(/SimpleAggregateFunction\(\w+, (\w+)\)/, '$1'));
    expect(plain.sort()).toEqual(after.toSorted());
  });

  test.each(STOCK_NAMES)('%s reads the same, row by row', async (name) => {
    const columns = (
      await stand.stock.rows<{ name: string }>(
        `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${name}' ORDER BY position`,
      )
    ).map((row) => `\`${row.name}\``);
    const merged = name === 'otel_traces_trace_id_ts' ? 'TraceId, min(Start), max(End)' : columns.join(', ');
    const grouped = name === 'otel_traces_trace_id_ts' ? ' GROUP BY TraceId' : '';
    const sql = `SELECT count() AS rows, groupBitXor(hash) AS xor, sum(hash) AS sum
      FROM (SELECT cityHash64(toString(tuple(${merged}))) AS hash FROM ${name}${grouped})`;
    const [before, after] = await Promise.all([read(stand.stock, sql), read(stand.lean, sql)]);
    expect(after).toEqual(before);
    expect(Number((before[0] as { rows: string }).rows)).toBeGreaterThan(6000);
  });

  test.each(QUESTIONS)('$name', async ({ sql }) => {
    const [before, after] = await Promise.all([read(stand.stock, sql), read(stand.lean, sql)]);
    expect(before.length).toBeGreaterThan(0);
    expect(after).toEqual(before);
  });
});

describe('filters read no more of the tables beneath than of tables of the stock names', () => {
  const window = (column: string) =>
    `${column} >= toDateTime64(${MIDNIGHT / 1000 + 36_000}, 9) AND ${column} < toDateTime64(${MIDNIGHT / 1000 + 37_800}, 9)`;
  const seconds = `TimestampTime >= toDateTime(${MIDNIGHT / 1000 + 36_000}) AND TimestampTime < toDateTime(${MIDNIGHT / 1000 + 37_800})`;
  /** How much of a table a query would read. */
  const estimate = async (store: Store, sql: string, table: string) => {
    const rows = await store.rows<{ table: string; marks: number; rows: number }>(
      `SELECT table, marks, rows FROM (EXPLAIN ESTIMATE ${sql})`,
    );
    const sum = (what: 'marks' | 'rows') =>
      rows.filter((row) => row.table === table).reduce((total, row) => total + Number(row[what]), 0);
    return { marks: sum('marks'), rows: sum('rows') };
  };
  const service = "ServiceName = 'service-3'";
  const times = (of: string) => `(SELECT ${of} FROM otel_traces_trace_id_ts WHERE TraceId = ${TRACE})`;

  interface Filter {
    readonly name: string;
    readonly of: StockName;
    readonly where: string;
    /** What it may at most leave to read, as a part of the table. */
    readonly leaves: number;
    /** The same of the stock table, where that prunes less. */
    readonly stock?: number;
    /** In how many stretches of the table the rows lie; 1 unless told. */
    readonly ranges?: number;
  }
  test.each<Filter>([
    { name: 'service and time', of: 'otel_traces', where: `${service} AND ${window('Timestamp')}`, leaves: 0.1 },
    { name: 'time', of: 'otel_traces', where: window('Timestamp'), leaves: 0.7 },
    { name: 'service', of: 'otel_traces', where: service, leaves: 0.1 },
    { name: 'name', of: 'otel_traces', where: `${service} AND SpanName = 'GET /cart'`, leaves: 0.03 },
    { name: 'a trace id', of: 'otel_traces', where: `TraceId = ${TRACE}`, leaves: 0.1 },
    {
      name: 'trace ids',
      of: 'otel_traces',
      where: `TraceId IN (${TRACE}, '0123456789abcdef0123456789abcdef')`,
      leaves: 0.1,
    },
    {
      name: 'a trace id within its times',
      of: 'otel_traces',
      where: `TraceId = ${TRACE} AND Timestamp >= ${times('min(Start)')} AND Timestamp <= ${times('max(End) + 1')}`,
      leaves: 0.1,
    },
    {
      name: 'an attribute, a status and a duration with service and time',
      of: 'otel_traces',
      where: `${service} AND ${window('Timestamp')} AND SpanAttributes['http.route'] = '/r/7' AND StatusCode = 'Error' AND Duration > 1e8`,
      leaves: 0.1,
    },
    {
      name: 'an attribute of the resource with service and time',
      of: 'otel_traces',
      where: `${service} AND ${window('Timestamp')} AND ResourceAttributes['host.name'] = 'host-3'`,
      leaves: 0.1,
    },
    { name: 'time', of: 'otel_logs', where: window('Timestamp'), leaves: 0.05, stock: 1 },
    { name: 'time in seconds', of: 'otel_logs', where: seconds, leaves: 0.05, stock: 1 },
    {
      name: 'time and its five minutes',
      of: 'otel_logs',
      where: `toStartOfFiveMinutes(Timestamp) >= toDateTime(${MIDNIGHT / 1000 + 36_000}) AND toStartOfFiveMinutes(Timestamp) < toDateTime(${MIDNIGHT / 1000 + 37_800}) AND ${window('Timestamp')}`,
      leaves: 0.05,
    },
    {
      name: 'service and time',
      of: 'otel_logs',
      where: `${service} AND ${window('Timestamp')}`,
      leaves: 0.05,
      stock: 1,
    },
    {
      name: 'severity and time',
      of: 'otel_logs',
      where: `SeverityText = 'ERROR' AND ${window('Timestamp')}`,
      leaves: 0.05,
      stock: 1,
    },
    {
      name: 'severity as a number',
      of: 'otel_logs',
      where: `SeverityNumber >= 17 AND ${seconds}`,
      leaves: 0.05,
      stock: 1,
    },
    {
      name: 'attributes with service and time',
      of: 'otel_logs',
      where: `${service} AND ${window('Timestamp')} AND LogAttributes['thread.name'] = 'worker-3' AND ResourceAttributes['host.name'] = 'host-3'`,
      leaves: 0.05,
      stock: 1,
    },
    { name: 'a trace id', of: 'otel_logs', where: `TraceId = ${TRACE}`, leaves: 0.03 },
    { name: 'name', of: 'otel_metrics_gauge', where: "MetricName = 'memory.used'", leaves: 0.4 },
    { name: 'service', of: 'otel_metrics_gauge', where: service, leaves: 0.1 },
    ...(['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const).flatMap((kind) => {
      const of = `otel_metrics_${kind}` as const;
      const metric = {
        gauge: 'memory',
        sum: 'bytes',
        histogram: 'latency',
        exponential_histogram: 'size',
        summary: 'pause',
      }[kind];
      const filters = `${service} AND MetricName = '${metric}.used' AND ${window('TimeUnix')}`;
      return [
        { name: 'time', of, where: window('TimeUnix'), leaves: 0.7, ranges: 36 },
        { name: 'service, name and time', of, where: filters, leaves: 0.1 },
        { name: 'an attribute with them', of, where: `${filters} AND Attributes['http.route'] = '/r/3'`, leaves: 0.1 },
      ];
    }),
  ])('$of: $name', async ({ of, where, leaves, stock = leaves, ranges = 1 }) => {
    const table = BENEATH[of];
    const sql = (filter: string) => `SELECT * FROM ${of} WHERE ${filter}`;
    const before = await estimate(stand.stock, sql(where), of);
    const allBefore = await estimate(stand.stock, sql('1'), of);
    const after = await estimate(stand.lean, sql(where), table);
    const all = await estimate(stand.lean, `SELECT * FROM ${table}`, table);
    expect(before.marks).toBeGreaterThan(0);
    expect(before.rows).toBeLessThanOrEqual(stock * allBefore.rows);
    // Marks of two tables lie a little differently, so each range that is read may end one mark later.
    expect(after.marks).toBeGreaterThan(0);
    expect(after.marks).toBeLessThanOrEqual(before.marks + ranges);
    expect(after.rows).toBeLessThanOrEqual(leaves * all.rows);
  });

  test('the times of a trace are found by its id', async () => {
    const sql = `SELECT min(Start), max(End) FROM otel_traces_trace_id_ts WHERE TraceId = ${TRACE}`;
    const { rows } = await estimate(stand.lean, sql, 'trace_times');
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(2 * 512);
    expect((await estimate(stand.lean, 'SELECT * FROM trace_times', 'trace_times')).rows).toBeGreaterThan(6000);
    const later = `SELECT * FROM otel_traces_trace_id_ts WHERE Start >= toDateTime(${MIDNIGHT / 1000 + 86_400})`;
    expect((await estimate(stand.lean, later, 'trace_times')).rows).toBe(0);
  });

  test('the longest spans, which the stock tables of Weir scanned for, are found by an index', async () => {
    const sql = 'SELECT count() FROM otel_traces WHERE Duration > 100000000000';
    expect((await estimate(stand.lean, sql, 'spans')).marks).toBe(1);
    expect((await estimate(stand.stock, sql, 'otel_traces')).rows).toBe(COUNT);
  });

  test('spans of a service by name and time, and the newest logs, are read in the order they lie in', async () => {
    const plan = async (store: Store, sql: string) =>
      (await store.rows<{ explain: string }>(`EXPLAIN actions = 1 ${sql}`)).map((row) => row.explain).join('\n');
    const spans = `SELECT Timestamp, SpanName FROM otel_traces WHERE ${service} ORDER BY ServiceName, SpanName, toDateTime(Timestamp) LIMIT 5`;
    const logs =
      'SELECT Timestamp, Body FROM otel_logs ORDER BY toStartOfFiveMinutes(Timestamp) DESC, ServiceName DESC, Timestamp DESC LIMIT 5';
    for (const store of [stand.stock, stand.lean]) {
      expect(await plan(store, spans)).toMatch(/Read type: InOrder/);
      expect(await plan(store, logs)).toMatch(/Read type: InReverseOrder/);
    }
  });

  test('what a query does not ask about a resource is not looked up', async () => {
    const plan = async (sql: string) =>
      (await stand.lean.rows<{ explain: string }>(`EXPLAIN actions = 1 ${sql}`)).map((row) => row.explain).join('\n');
    expect(await plan('SELECT ServiceName, avg(Duration) FROM otel_traces GROUP BY ServiceName')).not.toMatch(
      /dictGet|Join|ScopeId/,
    );
    expect(await plan("SELECT count() FROM otel_traces WHERE ResourceAttributes['host.name'] = 'host-1'")).toMatch(
      /dictGet/,
    );
  });
});
