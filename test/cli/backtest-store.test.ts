import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { backtestCommand } from '../../cli/backtest.ts';
import type { PastReport } from '../../detector/backtest/past-report.ts';
import { seededRandom } from '../../detector/random.ts';
import { writeIncident } from '../../store/queries/incidents.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { insertStock } from '../store/stock-rows.ts';

const STEP = 10_000;
const HOUR = 3_600_000;
/** Recent: the store's tables forget what is old. */
const NOW = Math.floor(Date.now() / STEP) * STEP;
const FAULT = { from: NOW - 1_800_000, to: NOW - 1_200_000 };

let db: TestStore;
let folder: string;

/** Spans of one step of a consumer. */
function spans(time: number, seconds: number, random: () => number) {
  const id = (length: number) => Array.from({ length }, () => Math.floor(16 * random()).toString(16)).join('');
  return Array.from({ length: 12 }, (_, i) => ({
    Timestamp: ((time + (i * STEP) / 12) / 1000).toFixed(3),
    TraceId: id(32),
    SpanId: id(16),
    ParentSpanId: '',
    TraceState: '',
    SpanName: 'orders process',
    SpanKind: 'Consumer',
    ServiceName: 'enrichment',
    ResourceAttributes: { 'service.name': 'enrichment', 'weir.pipeline': 'orders' },
    ScopeName: 'test',
    ScopeVersion: '',
    SpanAttributes: {},
    Duration: Math.round(seconds * (0.8 + 0.4 * random()) * 1e9),
    StatusCode: 'Unset',
    StatusMessage: '',
    'Events.Timestamp': [],
    'Events.Name': [],
    'Events.Attributes': [],
    'Links.TraceId': [],
    'Links.SpanId': [],
    'Links.TraceState': [],
    'Links.Attributes': [],
  }));
}

const incident = {
  title: 'enrichment is slow',
  pipeline: 'orders',
  state: 'resolved' as const,
  severity: 'warning' as const,
  acknowledgedBy: '',
  culprit: 'enrichment',
  reason: '',
  alerts: [],
  timeline: [],
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-past-'));
  db = await startTestStore();
  const random = seededRandom(3);
  const rows: object[] = [];
  for (let time = NOW - 2 * HOUR; time < NOW; time += STEP) {
    rows.push(...spans(time, time >= FAULT.from && time < FAULT.to ? 0.6 : 0.05, random));
  }
  await insertStock(db.store, 'otel_traces', rows);
  const times = (openedAt: number) => ({ openedAt, updatedAt: openedAt, resolvedAt: openedAt + 300_000 });
  await writeIncident(db.store, { ...incident, id: 'seen', ...times(FAULT.from + 120_000) });
  await writeIncident(db.store, { ...incident, id: 'elsewhere', pipeline: 'billing', ...times(FAULT.from) });
});
afterAll(async () => {
  await db?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

/** The last hour of a store that runs. */
function run({ endpoint }: TestStore) {
  const { url, database, username, password } = endpoint;
  const store = Object.entries({ url, database, username, password }).flatMap(([key, value]) => [
    '--set',
    `store.${key}=${value}`,
  ]);
  const args = ['--days', String(1 / 24), '--out', join(folder, 'out'), '--set', 'detector.history=1h', ...store];
  return backtestCommand().exitOverride().parseAsync(args, { from: 'user' });
}

it('judges the last hour of a store that runs: what would have fired, and which incidents it would have caught', async () => {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  await run(db);
  expect(printed).toContain('LatencyHigh: 1');
  expect(printed).toContain('noisiest hour: ');
  expect(printed).toContain('1 of 2 incidents of that time would have been caught');
  expect(printed).toContain('missed: enrichment is slow (elsewhere)');
  const report = JSON.parse(readFileSync(join(folder, 'out/backtest.json'), 'utf8')) as PastReport;
  const slow = report.firings.filter(({ detector }) => detector === 'LatencyHigh');
  expect(slow).toHaveLength(1);
  expect(slow[0]?.labels).toMatchObject({ stage: 'enrichment', pipeline: 'orders' });
  expect(slow[0]?.firedAt).toBeGreaterThanOrEqual(FAULT.from);
  expect(slow[0]?.firedAt).toBeLessThan(FAULT.from + 120_000);
  expect(slow[0]?.resolvedAt).toBeGreaterThan(FAULT.to);
  expect(report.days).toBeCloseTo(1 / 24, 2);
});

it('says so when no instance has ever stored anything there', async () => {
  const empty = await startTestStore({ migrate: false });
  try {
    await expect(run(empty)).rejects.toMatchObject({
      code: 'cli_backtest_store_empty',
      message: expect.stringContaining(`nothing is stored in ${empty.endpoint.url}`),
    });
  } finally {
    await empty.stop();
  }
});
