import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../../store/client.ts';
import { checkRollups, visibleItems } from '../tables.ts';
import type { Signal } from '../templates/template.ts';

const POLL_MS = 100;
const STALLED_MS = 60_000;
const QUIET_MS = 5000;

/** Waits until a query sees `wanted` rows more than `before`; false when for a minute not one came. */
export async function untilVisible(store: Store, signal: Signal, wanted: number, before = 0): Promise<boolean> {
  let seen = -1;
  let changed = performance.now();
  for (;;) {
    const now = await visibleItems(store, signal);
    if (now - before >= wanted) return true;
    if (now !== seen) changed = performance.now();
    if (performance.now() - changed > STALLED_MS) return false;
    seen = now;
    await sleep(POLL_MS);
  }
}

/**
 * Waits until the rollups count what the rows do: an insert's rows are seen before its views have run. False when they
 * do not within a minute.
 */
export async function untilRolledUp(store: Store, signal: Signal): Promise<boolean> {
  const deadline = performance.now() + STALLED_MS;
  for (;;) {
    const checks = await checkRollups(store, signal);
    if (checks.every(({ counted, expected }) => counted === expected)) return true;
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/** Waits until no merge ran for five seconds, at most `limitMs`; says whether that came. */
export async function untilMerged(store: Store, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (let quietSince = performance.now(); performance.now() < deadline; await sleep(500)) {
    const [row] = await store.rows<{ n: number }>('SELECT toUInt32(count()) AS n FROM system.merges');
    if ((row?.n ?? 0) > 0) quietSince = performance.now();
    if (performance.now() - quietSince > QUIET_MS) return true;
  }
  return false;
}

/** Merges every partition of the tables with the rows of a signal to one part. */
export async function mergeAll(store: Store, tables: readonly string[]): Promise<void> {
  for (const table of tables) await store.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
}
