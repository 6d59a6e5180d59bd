import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEAN_TABLES, type LeanTable, type TableBlock } from '../../collector/reader/tables.ts';
import type { Store } from '../../store/client.ts';
import type { LeanRow } from './lean-row.ts';

/** Reads the reader's blocks back through the real engine, in the forms of the oracle's rows (lean-row.ts). */

const pairs = (map: string) => `arrayZip(mapKeys(${map}), mapValues(${map}))`;
const nanos = (time: string) => `toUnixTimestamp64Nano(${time})`;
const id = (column: string) => `lower(hex(${column}))`;
const EXEMPLARS = `arrayMap(e -> tuple(${pairs('e.FilteredAttributes')}, ${nanos('e.TimeUnix')}, e.Value, ${id('e.SpanId')}, ${id('e.TraceId')}), Exemplars)`;

/** How to select a column, by its name or its table and name; columns that are not here as they are. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  TraceId: id('TraceId'),
  SpanId: id('SpanId'),
  ParentSpanId: id('ParentSpanId'),
  Timestamp: nanos('Timestamp'),
  ObservedTimestamp: nanos('ObservedTimestamp'),
  StartTime: nanos('StartTime'),
  Time: nanos('Time'),
  Seen: 'toUnixTimestamp(Seen)',
  Attributes: pairs('Attributes'),
  ResourceAttributes: pairs('ResourceAttributes'),
  ScopeAttributes: pairs('ScopeAttributes'),
  Metadata: pairs('Metadata'),
  Exemplars: EXEMPLARS,
  Events: `arrayMap(e -> tuple(${nanos('e.Timestamp')}, e.Name, ${pairs('e.Attributes')}, e.DroppedAttributes), Events)`,
  Links: `arrayMap(l -> tuple(${id('l.TraceId')}, ${id('l.SpanId')}, l.TraceState, ${pairs('l.Attributes')}, l.DroppedAttributes, l.Flags), Links)`,
  Quantiles: 'arrayMap(q -> tuple(q.Quantile, q.Value), Quantiles)',
};

export type TableRows = ReadonlyMap<LeanTable, LeanRow[]>;

export class LeanTables {
  readonly #store: Store;
  readonly #folder: string;
  #files = 0;

  private constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  /** `store` is migrated. Rows go into tables of the same columns that keep the order of their insert. */
  static async open(store: Store): Promise<LeanTables> {
    for (const table of LEAN_TABLES) {
      await store.client.command({ query: `CREATE TABLE check_${table} AS ${table} ENGINE = Memory` });
    }
    return new LeanTables(store, await mkdtemp(join(tmpdir(), 'weir-lean-')));
  }

  /** The rows of the blocks, by table, in their order. */
  async load(blocks: readonly TableBlock[]): Promise<TableRows> {
    const result = new Map<LeanTable, LeanRow[]>();
    for (const table of LEAN_TABLES) {
      const own = blocks.filter((block) => block.table === table);
      if (own.length === 0) continue;
      const path = join(this.#folder, `${++this.#files}.native`);
      const bytes = Buffer.concat(own.map((block) => block.bytes));
      await writeFile(path, bytes);
      await this.#store.insertFile(`check_${table}`, path, { token: path, bytes: bytes.length });
      await rm(path);
      result.set(table, await this.select(table));
      await this.#store.client.command({ query: `TRUNCATE TABLE check_${table}` });
    }
    return result;
  }

  async select(table: LeanTable): Promise<LeanRow[]> {
    const described = await this.#store.client.query({ query: `DESCRIBE TABLE check_${table}`, format: 'JSON' });
    const { data } = (await described.json()) as { data: { name: string; default_type: string }[] };
    const names = data
      .filter(({ name, default_type: kind }) => name === 'Attributes' || (kind !== 'EPHEMERAL' && kind !== 'ALIAS'))
      .map(({ name }) => name);
    const columns = names.map((name) => EXPRESSIONS[name] ?? name);
    const selected = await this.#store.client.query({
      query: `SELECT ${columns.map((column, i) => `${column} AS c${i}`).join(', ')} FROM check_${table}`,
      format: 'JSONCompactEachRow',
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        output_format_json_quote_denormals: 1,
        output_format_json_named_tuples_as_objects: 0,
        max_threads: 1,
      },
    });
    const lines = (await selected.text()).split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const values = JSON.parse(line) as unknown[];
      return Object.fromEntries(values.map((value, i) => [names[i] as string, value]));
    });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Item rows with what their scope's and series' rows say in the place of the ids, as the oracle has them. An id without
 * a row, or with rows that differ, gives the text 'unknown' or 'ambiguous'. A series' description and metadata are left
 * out: they may change while the series stays the same (`described`).
 */
export function resolved(tables: TableRows): TableRows {
  const scopes = contents(tables.get('resource_scopes') ?? [], 'ScopeId');
  const replaceScope = (row: LeanRow) => ({ ...row, ScopeId: scopes.get(row.ScopeId) ?? 'unknown' });
  const told = (tables.get('metric_series') ?? []).map((row) => withoutDescription(replaceScope(row)));
  const series = contents(told, 'SeriesId');
  const result = new Map<LeanTable, LeanRow[]>();
  for (const [table, rows] of tables) {
    if (table === 'resource_scopes') continue;
    const isSeries = table === 'metric_series';
    const replace = (row: LeanRow) =>
      table.startsWith('metric_') && !isSeries
        ? { ...row, SeriesId: series.get(row.SeriesId) ?? 'unknown' }
        : replaceScope(row);
    result.set(table, rows.map(replace));
  }
  return result;
}

function contents(rows: readonly LeanRow[], id: string): Map<unknown, LeanRow | string> {
  const byId = new Map<unknown, LeanRow | string>();
  for (const row of rows) {
    const { [id]: key, Seen, ...content } = row;
    const known = byId.get(key);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(content)) byId.set(key, 'ambiguous');
    else byId.set(key, content);
  }
  return byId;
}

/** A series' row or content without its description. */
export function withoutDescription(series: LeanRow): LeanRow {
  const { Description, Metadata, ...rest } = series;
  return rest;
}

/** Which series is described how, as one text. */
export function described(series: LeanRow): string {
  const { SeriesId, Seen, Description, Metadata, ...rest } = series;
  const entries = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([entries, Description, Metadata]);
}
