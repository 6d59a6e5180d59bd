import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WeirError } from '../../core/errors.ts';
import type { Store } from '../../store/client.ts';
import { type RetentionConfig, storeConfig } from '../../store/config.ts';
import { applyRetention, oldestKept, startRetention } from '../../store/retention.ts';
import { startTestStore, type TestStore } from './harness.ts';

const DAY = 86_400_000;
const NOW = Date.now();
let stand: TestStore;
let store: Store;

beforeEach(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterEach(() => stand?.stop());

const retention = (section: object = {}): RetentionConfig => storeConfig.parse({ retention: section }).retention;
const apply = (section?: object, now = NOW) => applyRetention(store, retention(section), { now });
const command = (query: string) => store.client.command({ query });

/** `rows` spans that began `daysAgo` days ago, each with bytes that do not compress. */
const fillSpans = (daysAgo: number, rows = 1000) =>
  command(
    `INSERT INTO spans (Timestamp, TraceId, ServiceName, Duration, StatusMessage)
    SELECT toDateTime64(${(NOW - daysAgo * DAY) / 1000}, 9), randomFixedString(16), 'a', 1000, hex(randomString(200)) FROM numbers(${rows})`,
  );
const daysOf = async (table: string, time: string) =>
  (
    await store.rows<{ age: number }>(
      `SELECT DISTINCT toUInt32(round((${NOW / 1000} - toUnixTimestamp(${time})) / 86400)) AS age FROM ${table} ORDER BY age`,
    )
  ).map((row) => row.age);
const bytes = async (table: string) =>
  (
    await store.rows<{ n: number }>(
      `SELECT sum(bytes_on_disk) AS n FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}'`,
    )
  )[0]?.n ?? 0;

test('an empty section changes the levels of ten seconds, whose rules are older than it', async () => {
  const first = await apply();
  expect(first.changed).toEqual(['red_10s', 'gauge_10s']);
  expect(first.dropped).toEqual([]);
  expect(await apply()).toEqual({ changed: [], dropped: [] });
});

test('a changed retention changes the rule of its tables and of nothing else, once', async () => {
  await apply();
  expect((await apply({ spans: '36h', levels: { '1h': '90d' } })).changed).toEqual([
    'spans',
    'trace_times',
    'red_1h',
    'edges_1h',
    'gauge_1h',
    'pathways_1h',
    'pathway_records_1h',
    'metric_series',
  ]);
  const rules = await store.rows(
    `SELECT name, extract(create_table_query, ' TTL (.+?) SETTINGS') AS rule FROM system.tables
    WHERE database = currentDatabase() AND name IN ('spans', 'red_1h', 'logs', 'metric_series') ORDER BY name`,
  );
  expect(rules).toEqual([
    { name: 'logs', rule: 'toDateTime(Timestamp) + toIntervalDay(30)' },
    { name: 'metric_series', rule: 'Seen + toIntervalDay(92)' },
    { name: 'red_1h', rule: 'Time + toIntervalDay(90)' },
    { name: 'spans', rule: 'toDateTime(Timestamp) + toIntervalSecond(129600)' },
  ]);
  expect((await apply({ spans: '36h', levels: { '1h': '90d' } })).changed).toEqual([]);
});

test('a shorter retention drops whole days of what is stored, and the bytes go', async () => {
  for (const age of [1, 5, 9, 12]) await fillSpans(age);
  await apply();
  expect(await daysOf('spans', 'Timestamp')).toEqual([1, 5, 9, 12]);
  const before = await bytes('spans');
  const { dropped } = await apply({ spans: '7d' });
  expect(dropped.filter((name) => name.startsWith('spans/'))).toHaveLength(2);
  expect(dropped.filter((name) => name.startsWith('trace_times/'))).toHaveLength(2);
  expect(await daysOf('spans', 'Timestamp')).toEqual([1, 5]);
  expect(await daysOf('trace_times', 'Start')).toEqual([1, 5]);
  expect(await bytes('spans')).toBeLessThan(0.6 * before);
  // Rollups outlive the spans they were made of.
  expect(await daysOf('red_1m', 'Time')).toEqual([1, 5, 9, 12]);
});

test('a day that is only partly over stays', async () => {
  await fillSpans(3);
  const midnight = Math.floor((NOW - 3 * DAY) / DAY) * DAY + DAY;
  expect((await apply({ spans: '2d' }, midnight + 2 * DAY - 1)).dropped).toEqual([]);
  expect((await apply({ spans: '2d' }, midnight + 2 * DAY)).dropped).toContain(
    `spans/${new Date(midnight - 1).toISOString().slice(0, 10).replaceAll('-', '')}`,
  );
});

test('an hourly level goes by months', async () => {
  await command(
    `INSERT INTO red_1h (Time, Service, Count) SELECT toDateTime(${NOW / 1000}) - toIntervalDay(number * 31), 'a', 1 FROM numbers(8)`,
  );
  const { dropped } = await apply({ levels: { '1h': '100d' } });
  expect(dropped.length).toBeGreaterThanOrEqual(3);
  expect(dropped.every((name) => /^red_1h\/\d{6}$/.test(name))).toBe(true);
  const ages = await daysOf('red_1h', 'Time');
  expect(ages).toContain(93);
  expect(Math.max(...ages)).toBeLessThanOrEqual(131);
});

test('what is past its age goes by itself under the new rule, as a part', async () => {
  await applyRetention(store, { ...retention(), spans: 6000 }, { now: NOW });
  await command('SYSTEM STOP MERGES spans');
  await command(
    `INSERT INTO spans (Timestamp, TraceId, StatusMessage) SELECT now64(9), randomFixedString(16), hex(randomString(200)) FROM numbers(500)`,
  );
  const before = await bytes('spans');
  expect(before).toBeGreaterThan(50_000);
  await new Promise((resolve) => setTimeout(resolve, 8000));
  await command('SYSTEM START MERGES spans');
  await command('OPTIMIZE TABLE spans FINAL');
  expect(await store.rows('SELECT count() AS n FROM spans')).toEqual([{ n: 0 }]);
  expect(await bytes('spans')).toBeLessThan(before / 10);
}, 30_000);

test('a start applies, and again each hour until it is stopped', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: NOW });
  try {
    const keeping = await startRetention(store, retention({ spans: '7d' }));
    await fillSpans(9);
    const emptied = () => vi.waitFor(async () => expect(await daysOf('spans', 'Timestamp')).toEqual([]), 10_000);
    vi.advanceTimersByTime(3_600_000);
    await emptied();
    await keeping.stop();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('the oldest time that is kept, by signal', () => {
  const config = retention({ spans: '3d', logs: '1h' });
  expect(oldestKept(config, 'traces', NOW)).toBe(NOW - 3 * DAY);
  expect(oldestKept(config, 'logs', NOW)).toBe(NOW - 3_600_000);
  expect(oldestKept(config, 'metrics', NOW)).toBe(NOW - 30 * DAY);
});

test('a table that is gone is named', async () => {
  await command('DROP VIEW otel_logs');
  await command('DROP TABLE logs');
  const error = await apply().then(
    () => undefined,
    (thrown: WeirError) => thrown,
  );
  expect(error?.code).toBe('store_retention_failed');
  expect(error?.message).toContain('the retention of logs');
});
