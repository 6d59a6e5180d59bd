import type { Store } from '../../store/client.ts';
import type { Signal } from './templates/template.ts';

/** Names of the stock exporter; `raw` are the tables the rows lie in, where those are views. */
const TABLES: Readonly<Record<Signal, { readonly stock: readonly string[]; readonly raw: readonly string[] }>> = {
  traces: { stock: ['otel_traces'], raw: ['spans'] },
  logs: { stock: ['otel_logs'], raw: ['logs'] },
  metrics: {
    stock: ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'].map((kind) => `otel_metrics_${kind}`),
    raw: ['metric_points', 'metric_histograms', 'metric_exponential_histograms', 'metric_summaries'],
  },
};

/** Rollups whose counts add up to those of the raw rows they are made of. */
const ROLLUPS: Readonly<
  Record<Signal, readonly { readonly table: string; readonly sum: string; readonly of: string }[]>
> = {
  traces: ['red_10s', 'red_1m', 'red_1h'].map((table) => ({
    table,
    sum: `SELECT sum(Count) AS n FROM ${table} WHERE Source = 'spans'`,
    of: 'SELECT count() AS n FROM otel_traces',
  })),
  logs: [],
  metrics: ['gauge_10s', 'gauge_1m', 'gauge_1h'].map((table) => ({
    table,
    sum: `SELECT sum(Count) AS n FROM ${table}`,
    of: 'SELECT (SELECT count() FROM otel_metrics_gauge) + (SELECT count() FROM otel_metrics_sum) AS n',
  })),
};

async function number(store: Store, sql: string): Promise<number> {
  const [row] = await store.rows<{ n: number | string }>(sql);
  return Number(row?.n ?? 0);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/** Rows that a query sees, by the metadata of parts: cheap enough to ask while loading. */
export function visibleItems(store: Store, signal: Signal): Promise<number> {
  const { stock, raw } = TABLES[signal];
  return number(
    store,
    `SELECT sum(rows) AS n FROM system.parts WHERE active AND database = currentDatabase() AND table IN (${quoted([...stock, ...raw])})`,
  );
}

/** Rows by `count()` through the stock names. */
export async function countItems(store: Store, signal: Signal): Promise<number> {
  const counts = await Promise.all(
    TABLES[signal].stock.map((table) => number(store, `SELECT count() AS n FROM ${table}`)),
  );
  return counts.reduce((a, b) => a + b, 0);
}

export interface RollupCheck {
  readonly table: string;
  readonly counted: number;
  readonly expected: number;
}

/** What each rollup that exists and is filled counts, beside what it should. */
export async function checkRollups(store: Store, signal: Signal): Promise<readonly RollupCheck[]> {
  const rows = await store.rows<{ table: string }>(
    `SELECT DISTINCT table FROM system.parts WHERE active AND database = currentDatabase() AND rows > 0`,
  );
  const filled = new Set(rows.map(({ table }) => table));
  const checks: RollupCheck[] = [];
  for (const { table, sum, of } of ROLLUPS[signal]) {
    if (filled.has(table)) checks.push({ table, counted: await number(store, sum), expected: await number(store, of) });
  }
  return checks;
}

export interface DiskUse {
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

/** Rows, bytes and active parts of each table of `database`. */
export async function diskUse(store: Store, database = store.database): Promise<Readonly<Record<string, DiskUse>>> {
  const rows = await store.rows<{ table: string; rows: number; bytes: number; parts: number }>(
    `SELECT table, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes, toFloat64(count()) AS parts
    FROM system.parts WHERE active AND database = {database:String} GROUP BY table ORDER BY bytes DESC`,
    { database },
  );
  return Object.fromEntries(rows.map(({ table, ...use }) => [table, use]));
}

/** Bytes of the rows themselves and of everything kept, for each of `items`. */
export function bytesPerItem(
  use: Readonly<Record<string, DiskUse>>,
  signal: Signal,
  items: number,
): { raw: number; all: number } {
  const { stock, raw } = TABLES[signal];
  const sum = (tables: readonly string[]) => tables.reduce((bytes, table) => bytes + (use[table]?.bytes ?? 0), 0);
  return { raw: sum([...stock, ...raw]) / items, all: sum(Object.keys(use)) / items };
}
