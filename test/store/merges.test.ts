import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';

let stand: TestStore;

beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const LARGE_ROWS = 20_000;
const SMALL_INSERTS = 40;

/** How often the rows of the first insert have been written again: a merge makes a part one level higher than its highest. */
async function rewrites(table: string): Promise<number> {
  const [row] = await stand.store.rows<{ level: number }>(
    `SELECT max(level) AS level FROM system.parts
    WHERE active AND table = {table:String} AND database = currentDatabase()`,
    { table },
  );
  return Number(row?.level);
}

async function untilMerged(table: string): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    const [row] = await stand.store.rows<{ n: number }>(
      `SELECT count() AS n FROM system.merges WHERE table = {table:String}`,
      { table },
    );
    quiet = Number(row?.n) === 0 ? quiet + 1 : 0;
    await sleep(10);
  }
}

const insert = (table: string, rows: number) =>
  stand.store.client.command({
    query:
      table === 'spans'
        ? `INSERT INTO spans (Timestamp, TraceId, ServiceName, Duration, StatusMessage)
          SELECT now64(9), randomFixedString(16), 'a', 1000, hex(randomString(20)) FROM numbers(${rows})`
        : `INSERT INTO ${table} (Pipeline, Service, Kind, Operation, Source, Time, Count)
          SELECT 'p', 's', 'Server', hex(randomString(20)), 'spans', now(), 1 FROM numbers(${rows})`,
  });

test.each([
  ['red_10s', 7],
  ['spans', 13],
] as const)('small inserts into %s rewrite the day that is there only now and then', async (table, most) => {
  await insert(table, LARGE_ROWS);
  for (let i = 0; i < SMALL_INSERTS; i++) {
    await insert(table, 3);
    await untilMerged(table);
  }
  expect(await rewrites(table)).toBeGreaterThan(1);
  expect(await rewrites(table)).toBeLessThanOrEqual(most);
});
