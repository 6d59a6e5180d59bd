import { errorMessage, WeirError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from './client.ts';
import type { ClusterConfig, RetentionConfig } from './config.ts';
import { expandMacros } from './migrate.ts';

/** What is sent in, in the words of OTLP. */
export type KeptSignal = 'traces' | 'metrics' | 'logs';

const SIGNAL_KEYS = { traces: 'spans', metrics: 'metrics', logs: 'logs' } as const;

/** Items before this time (unix milliseconds) would vanish as they are stored, so they are not taken in. */
export function oldestKept(config: RetentionConfig, signal: KeptSignal, now: Millis): Millis {
  return now - config[SIGNAL_KEYS[signal]];
}

const DAY_MS = 86_400_000;

/** A table, the DateTime its rows age by, and how its parts are cut in time; undefined where rows are deleted one by one. */
interface KeptTable {
  readonly table: string;
  readonly time: string;
  readonly keep: Millis;
  readonly cut?: 'day' | 'month';
}

function keptTables(config: RetentionConfig): KeptTable[] {
  const { spans, logs, metrics, levels } = config;
  const raw = (table: string, time: string, keep: Millis): KeptTable => ({
    ...{ table, time: `toDateTime(${time})`, keep, cut: 'day' },
  });
  const level = (name: keyof typeof levels, ...tables: readonly string[]): KeptTable[] =>
    tables.map((table) => ({ table, time: 'Time', keep: levels[name], cut: name === '1h' ? 'month' : 'day' }));
  // What rows refer to outlives them: it is told anew while it is in use, though not with each row.
  const referred = (table: string, ...users: readonly Millis[]): KeptTable => ({
    ...{ table, time: 'Seen', keep: Math.max(...users) + 2 * DAY_MS },
  });
  return [
    raw('spans', 'Timestamp', spans),
    { table: 'trace_times', time: 'Start', keep: spans, cut: 'day' },
    raw('logs', 'Timestamp', logs),
    raw('metric_points', 'Time', metrics),
    raw('metric_histograms', 'Time', metrics),
    raw('metric_exponential_histograms', 'Time', metrics),
    raw('metric_summaries', 'Time', metrics),
    ...level('10s', 'red_10s', 'gauge_10s'),
    ...level('10s', 'pathways_10s', 'pathway_records_10s'),
    ...level('1m', 'red_1m', 'edges_1m', 'edges_5m', 'gauge_1m'),
    ...level('1m', 'pathways_1m', 'pathway_records_1m', 'pathways_sampled_10s'),
    ...level('1h', 'red_1h', 'edges_1h', 'gauge_1h'),
    ...level('1h', 'pathways_1h', 'pathway_records_1h'),
    referred('resource_scopes', spans, logs, metrics),
    referred('metric_series', metrics, levels['10s'], levels['1m'], levels['1h']),
  ];
}

export interface RetentionOptions {
  readonly cluster?: ClusterConfig;
  /** Unix milliseconds. */
  readonly now: Millis;
}

/** What was done: tables with a new rule, and partitions that went, as `table/20261120`. */
export interface RetentionOutcome {
  readonly changed: readonly string[];
  readonly dropped: readonly string[];
}

/**
 * Brings the tables' rules in line with the configuration, where they differ, and drops the partitions that are over: a part
 * carries the rule it was written under, so a shorter retention would reach stored parts only as they merge. Rows
 * stored from here on go by themselves. Throws `store_retention_failed` with the table.
 */
export async function applyRetention(
  store: Store,
  config: RetentionConfig,
  { cluster, now }: RetentionOptions,
  telemetry?: Telemetry,
): Promise<RetentionOutcome> {
  const tables = keptTables(config);
  const rules = await readRules(store);
  const changed: string[] = [];
  const dropped: string[] = [];
  const run = async (table: string, sql: string) => {
    try {
      await store.client.command({ query: expandMacros(sql, cluster) });
    } catch (cause) {
      throw new WeirError('store_retention_failed', `the retention of ${table}: ${errorMessage(cause)}`, { cause });
    }
  };
  for (const kept of tables) {
    const rule = ruleOf(kept);
    if (rules.get(kept.table) === rule) continue;
    const settings = 'SETTINGS materialize_ttl_after_modify = 0';
    await run(kept.table, `ALTER TABLE ${kept.table} {on_cluster} MODIFY TTL ${rule} ${settings}`);
    changed.push(kept.table);
  }
  for (const { table, partition } of await readPartitions(store)) {
    const kept = tables.find((one) => one.table === table);
    if (kept?.cut === undefined || partitionEnd(partition) + kept.keep > now) continue;
    const settings = 'SETTINGS max_partition_size_to_drop = 0';
    await run(table, `ALTER TABLE ${table} {on_cluster} DROP PARTITION ID '${partition}' ${settings}`);
    dropped.push(`${table}/${partition}`);
  }
  if (changed.length + dropped.length > 0) {
    telemetry?.log.info({ event: 'store_retention_applied', changed, dropped }, 'retention applied');
  }
  return { changed, dropped };
}

const HOUR_MS = 3_600_000;

/** Applies the retention now, throwing what `applyRetention` throws, and then each hour, logging it. */
export async function startRetention(
  store: Store,
  config: RetentionConfig,
  options: { readonly cluster?: ClusterConfig } = {},
  telemetry?: Telemetry,
): Promise<{ stop(): Promise<void> }> {
  const apply = () => applyRetention(store, config, { ...options, now: Date.now() }, telemetry);
  await apply();
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = apply().catch((error: unknown) => {
      telemetry?.log.warn({ event: 'store_retention_failed', error: errorMessage(error) }, 'retention not applied');
    });
  }, HOUR_MS);
  timer.unref?.();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** The rule as the engine writes it back. */
function ruleOf({ time, keep }: KeptTable): string {
  const days = keep / DAY_MS;
  return `${time} + ${Number.isInteger(days) ? `toIntervalDay(${days})` : `toIntervalSecond(${Math.ceil(keep / 1000)})`}`;
}

async function readRules(store: Store): Promise<Map<string, string>> {
  const rows = await store.rows<{ name: string; rule: string }>(
    `SELECT name, extract(create_table_query, ' TTL (.+?)(?: SETTINGS |$)') AS rule
    FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'`,
  );
  return new Map(rows.map((row) => [row.name, row.rule]));
}

function readPartitions(store: Store): Promise<{ table: string; partition: string }[]> {
  return store.rows(
    `SELECT DISTINCT table, partition_id AS partition FROM system.parts
    WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{6}([0-9]{2})?$')
    ORDER BY table, partition`,
  );
}

/** The first millisecond after a day (`20261120`) or a month (`202611`). */
function partitionEnd(partition: string): Millis {
  const [year, month] = [Number(partition.slice(0, 4)), Number(partition.slice(4, 6))];
  return partition.length === 6 ? Date.UTC(year, month, 1) : Date.UTC(year, month - 1, Number(partition.slice(6)) + 1);
}
