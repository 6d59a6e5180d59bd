import { expect, it } from 'vitest';
import { LEAN_TABLES } from '../../collector/reader/tables.ts';
import { startTestStore } from './harness.ts';

it('flushes every table that the spool writes, and every table its views fill, before an insert answers', async () => {
  await using test = await startTestStore();
  const views = await test.store.rows<{ from: string; to: string }>(`
    SELECT extract(as_select, 'FROM [^ .]+[.]([a-z0-9_]+)') AS from, extract(create_table_query, ' TO [^ .]+[.]([a-z0-9_]+)') AS to
    FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'`);
  const written = new Set<string>(LEAN_TABLES);
  for (let before = 0; before < written.size; ) {
    before = written.size;
    for (const { from, to } of views) if (written.has(from)) written.add(to);
  }
  expect([...written].sort()).toEqual(
    [
      ...LEAN_TABLES,
      ...['red_10s', 'red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h', 'gauge_10s', 'gauge_1m', 'gauge_1h'],
      ...['services', 'trace_times', 'offset_samples_10s', 'offset_samples_5m'],
      ...['pathways_10s', 'pathways_1m', 'pathways_1h'],
      ...['pathway_records_10s', 'pathway_records_1m', 'pathway_records_1h'],
    ].sort(),
  );
  const tables = await test.store.rows<{ name: string; synced: number }>(
    `SELECT name, engine_full LIKE '%fsync_after_insert = 1%' AND engine_full LIKE '%fsync_part_directory = 1%' AS synced
    FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name IN {written:Array(String)}`,
    { written: [...written] },
  );
  expect(tables).toHaveLength(written.size);
  expect(tables.filter(({ synced }) => !synced)).toEqual([]);
});
