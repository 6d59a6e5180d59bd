import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Store } from '../../../store/client.ts';
import { searchTraces, type TraceSearch } from '../../../store/queries/trace-search.ts';
import { readTrace } from '../../../store/queries/traces.ts';
import type { Outcome } from '../goals.ts';
import { startPlatform } from '../platform.ts';
import { bytesPerItem, countItems, diskUse } from '../tables.ts';
import type { Context } from './context.ts';
import { fillDay, median, timed } from './history.ts';

const DEFAULT_SPANS = 50_000_000;
const COLD = 5;
const WARM = 20;
const SERVICES = 8;
const HOUR_MS = 3_600_000;

/**
 * One trace of ten spans by its id among many. Cold: the page cache of the system is dropped and the engine starts anew
 * before each; warm: an engine that has answered for other traces, and the same trace again.
 */
export async function traces(context: Context): Promise<Outcome> {
  const dataDir = context.folder();
  const filled = await withPlatform(context, dataDir, async (store, platform) => {
    const history = await fillDay(context, platform, context.spans ?? DEFAULT_SPANS, SERVICES);
    const stored = await countItems(store, 'traces');
    return { ...history, stored, ids: await someTraces(store, COLD + WARM), use: await diskUse(store) };
  });
  const cold: number[] = [];
  const again: number[] = [];
  let dropped = true;
  for (const id of filled.ids.slice(0, COLD)) {
    dropped = dropCaches() && dropped;
    await withPlatform(context, dataDir, async (store) => {
      await store.rows('SELECT 1');
      cold.push((await timed(() => found(store, id))).ms);
      for (let i = 0; i < 5; i++) again.push((await timed(() => found(store, id))).ms);
    });
  }
  const others: number[] = [];
  const searches: Record<string, number> = {};
  await withPlatform(context, dataDir, async (store) => {
    await found(store, filled.ids[0] as string);
    for (const id of filled.ids.slice(COLD)) others.push((await timed(() => found(store, id))).ms);
    for (const [name, search] of Object.entries(searchesUntil(filled.to))) {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) times.push((await timed(() => searchTraces(store, { ...search, limit: 20 }))).ms);
      searches[`search, ${name}, median ms`] = median(times);
    }
  });
  const numbers = {
    'spans stored': filled.stored,
    'count() equals acknowledged':
      filled.stored === filled.load.acked ? 'yes' : `NO: ${filled.stored - filled.load.acked}`,
    'bytes/span, rows': bytesPerItem(filled.use, 'traces', filled.stored).raw,
    'cold median ms': median(cold),
    'cold max ms': Math.max(...cold),
    'page cache dropped': dropped ? 'yes' : 'no: that needs root, so only the caches of the engine were cold',
    'warm, the same trace, median ms': median(again),
    'warm, another trace, median ms': median(others),
    'warm, another trace, max ms': Math.max(...others),
    ...searches,
  };
  const goals = { trace_cold: median(cold), trace_warm: median(others) };
  return { scenario: 'traces', goals, numbers, detail: { cold, again, others, use: filled.use } };
}

/** What people look for, by name. */
function searchesUntil(to: number): Readonly<Record<string, TraceSearch>> {
  const hour = { from: to - HOUR_MS, to };
  const day = { from: to - 24 * HOUR_MS, to };
  const service = 'checkout-service';
  return {
    'errors of a service in 1 h': { ...hour, service, status: 'Error' },
    'slow spans of a service in 24 h': { ...day, service, minDurationMs: 1000 },
    'an operation in 24 h': { ...day, service, operation: 'GET /api/v1/checkout/acheckout/{id}' },
    'a tenant in all services in 1 h': { ...hour, attributes: { 'app.tenant.id': 'tenant-415' } },
    'a tenant in all services in 24 h': { ...day, attributes: { 'app.tenant.id': 'tenant-415' } },
  };
}

async function withPlatform<T>(
  context: Context,
  dataDir: string,
  use: (store: Store, platform: Awaited<ReturnType<typeof startPlatform>>) => Promise<T>,
): Promise<T> {
  const platform = await startPlatform({ dataDir, set: context.set });
  try {
    return await use(platform.store, platform);
  } finally {
    await platform.stop();
  }
}

async function found(store: Store, id: string): Promise<void> {
  const spans = await readTrace(store, id);
  if (spans.length === 0) throw new Error(`trace ${id} was not found`);
}

/** Ids of traces from all of the time filled in. */
async function someTraces(store: Store, count: number): Promise<readonly string[]> {
  const rows = await store.rows<{ id: string }>(
    `SELECT TraceId AS id FROM otel_traces WHERE ServiceName = 'orders-service' ORDER BY cityHash64(SpanId) LIMIT {count:UInt32}`,
    { count },
  );
  return rows.map(({ id }) => id);
}

/** Drops the page cache of the whole machine; false where that is not allowed. */
function dropCaches(): boolean {
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}
