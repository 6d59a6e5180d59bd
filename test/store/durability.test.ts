import { expect, it } from 'vitest';
import { startTestStore } from './harness.ts';

it('flushes every table that the spool writes, and every table its views fill, before an insert answers', async () => {
  await using test = await startTestStore();
  const tables = await test.store.rows<{ name: string; synced: number }>(`
    SELECT name, engine_full LIKE '%fsync_after_insert = 1%' AND engine_full LIKE '%fsync_part_directory = 1%' AS synced
    FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
      AND (name LIKE 'otel\\_%' OR name LIKE '%\\_10s' OR name = 'services')`);
  expect(tables.length).toBeGreaterThanOrEqual(11);
  expect(tables.filter(({ synced }) => !synced)).toEqual([]);
});
