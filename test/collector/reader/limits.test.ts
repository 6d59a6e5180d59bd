import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type {
  AnyValue,
  KeyValue,
  LogRecord,
  Metric,
  OtlpRequests,
  OtlpSignal,
  Span,
} from '../../../collector/otlp/model.ts';
import { fixed64Field, lengthField } from '../../../collector/processors/message.ts';
import { DEFAULT_READER_LIMITS, type ReaderLimits } from '../../../collector/reader/limits.ts';
import { type ReadOutcome, WireReader } from '../../../collector/reader/reader.ts';
import type { LeanRow } from '../../oracle/lean-row.ts';
import { LeanTables, type TableRows } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';

const NOW = 1_760_000_000_000_000_000n;
const CONTEXT = { now: NOW, oldest: 0n, newest: NOW };
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

let store: TestStore;
let tables: LeanTables;
beforeAll(async () => {
  store = await startTestStore();
  tables = await LeanTables.open(store.store);
}, 60_000);
afterAll(async () => {
  await tables?.close();
  await store?.stop();
});

/** What a reader with these limits makes of a request. */
async function read<S extends OtlpSignal>(
  limits: Partial<ReaderLimits>,
  signal: S,
  request: OtlpRequests[S],
): Promise<{ outcome: ReadOutcome; rows: TableRows; limited: Record<string, number> }> {
  const reader = await WireReader.open({ limits: { ...DEFAULT_READER_LIMITS, ...limits } });
  const outcome = reader.read(signal, encodeRequest(signal, request), CONTEXT);
  return { outcome, rows: await tables.load(reader.take()), limited: Object.fromEntries(outcome.limited) };
}

function numbered(count: number): KeyValue[] {
  return Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: { stringValue: `v${i}` } }));
}

async function readSpan(limits: Partial<ReaderLimits>, span: Partial<Span>) {
  const times = { startTimeUnixNano: NOW, endTimeUnixNano: NOW };
  const spans = [{ traceId: TRACE_ID, spanId: SPAN_ID, name: 'a', ...times, ...span }];
  const { rows, limited } = await read(limits, 'traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  return { row: rows.get('spans')?.[0] as LeanRow, limited };
}

async function readLog(limits: Partial<ReaderLimits>, record: LogRecord) {
  const logRecords = [{ timeUnixNano: NOW, ...record }];
  const { rows, limited } = await read(limits, 'logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  return { row: rows.get('logs')?.[0] as LeanRow, limited };
}

const readMetric = (limits: Partial<ReaderLimits>, ...metrics: Metric[]) =>
  read(limits, 'metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

describe('attributes', () => {
  it('beyond the limit are dropped and added to the dropped count of their item', async () => {
    const { row, limited } = await readSpan({ attributes: 3 }, { attributes: numbered(5), droppedAttributesCount: 10 });
    expect(row.Attributes).toEqual([0, 1, 2].map((i) => [`k${i}`, `v${i}`]));
    expect(row.DroppedAttributes).toBe(12);
    expect(limited).toEqual({ attributes: 2 });
  });

  it('have the limit in each event, link, resource and scope by itself', async () => {
    const attributes = numbered(3);
    const span = {
      ...{ traceId: TRACE_ID, spanId: SPAN_ID, name: 'a', startTimeUnixNano: NOW, endTimeUnixNano: NOW },
      attributes: numbered(2),
      events: [{ timeUnixNano: NOW, name: 'e', attributes }],
      links: [{ traceId: TRACE_ID, spanId: SPAN_ID, attributes, droppedAttributesCount: 1 }],
    };
    const { rows, limited } = await read({ attributes: 2 }, 'traces', {
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { attributes }, spans: [span] }] }],
    });
    const row = rows.get('spans')?.[0] as LeanRow;
    const kept = [0, 1].map((i) => [`k${i}`, `v${i}`]);
    expect(row).toMatchObject({ Attributes: kept, DroppedAttributes: 0 });
    expect(row.Events).toEqual([[NOW.toString(), 'e', kept, 1]]);
    expect(row.Links).toEqual([[TRACE_ID, SPAN_ID, '', kept, 2, 0]]);
    expect(rows.get('resource_scopes')?.[0]).toMatchObject({
      ResourceAttributes: kept,
      ResourceDroppedAttributes: 1,
      ScopeAttributes: kept,
      ScopeDroppedAttributes: 1,
    });
    // A resource and a scope are read again when they are told.
    expect(limited.attributes).toBeGreaterThanOrEqual(4);
  });
});

describe('values', () => {
  it.each([
    ['abcdefgh', 'abcdefgh'],
    ['abcdefghi', 'abcdefgh'],
    ['abcdefgä', 'abcdefg'],
    ['abcdef€!', 'abcdef'],
    ['abcde😀!', 'abcde'],
    ['abcd😀!', 'abcd😀'],
  ])('longer than the limit are cut at the boundary of a character: %s', async (value, expected) => {
    const { row, limited } = await readSpan(
      { value_bytes: 8 },
      { attributes: [{ key: 'k', value: { stringValue: value } }] },
    );
    expect(row.Attributes).toEqual([['k', expected]]);
    expect(limited).toEqual(value === expected ? {} : { value_bytes: 1 });
  });

  it('are cut in the body of a log record, whatever they are made of', async () => {
    const list: AnyValue = { arrayValue: { values: Array.from({ length: 20 }, () => ({ intValue: 1n })) } };
    const { row, limited } = await readLog({ value_bytes: 9 }, { body: list });
    expect(row.Body).toBe('[1,1,1,1,');
    expect(limited).toEqual({ value_bytes: 1 });
  });
});

describe('depth', () => {
  it('beyond the limit stands as "..."', async () => {
    const nest = (levels: number): AnyValue =>
      levels === 0 ? { intValue: 7n } : { kvlistValue: { values: [{ key: 'a', value: nest(levels - 1) }] } };
    const deep = await readLog({ depth: 2 }, { body: nest(4) });
    expect(String(deep.row.Body)).toMatch(/^(\{"a":)+"\.\.\."\}+$/);
    expect(deep.limited).toEqual({ depth: 1 });
    const flat = await readLog({ depth: 2 }, { body: nest(1) });
    expect(flat.row.Body).toBe('{"a":7}');
    expect(flat.limited).toEqual({});
  });

  it('without end neither stops the reader nor the next request', async () => {
    // An AnyValue that holds an array of one, 20,000 times over.
    let value = lengthField(1, Buffer.from('x'));
    for (let i = 0; i < 20_000; i++) value = lengthField(5, lengthField(1, value));
    const record = Buffer.concat([fixed64Field(1, NOW), lengthField(5, value)]);
    const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
    const bytes = lengthField(1, lengthField(2, lengthField(2, record)));
    for (let i = 0; i < 2; i++) {
      const { accepted, limited } = reader.read('logs', bytes, CONTEXT);
      expect([accepted, Object.fromEntries(limited)]).toEqual([1, { depth: 1 }]);
    }
    const bodies = (await tables.load(reader.take())).get('logs')?.map(({ Body }) => String(Body)) ?? [];
    expect(bodies).toHaveLength(2);
    for (const body of bodies) expect(body).toMatch(/^\[{64,65}"\.\.\."\]{64,65}$/);
  });
});

describe('events and links', () => {
  it('beyond the limit are dropped and added to the dropped counts', async () => {
    const events = ['a', 'b', 'c'].map((name) => ({ timeUnixNano: NOW, name }));
    const links = Array.from({ length: 4 }, () => ({ traceId: TRACE_ID, spanId: SPAN_ID }));
    const { row, limited } = await readSpan({ events: 2, links: 1 }, { events, links, droppedEventsCount: 5 });
    expect((row.Events as unknown[][]).map(([, name]) => name)).toEqual(['a', 'b']);
    expect(row.Links).toHaveLength(1);
    expect([row.DroppedEvents, row.DroppedLinks]).toEqual([6, 3]);
    expect(limited).toEqual({ events: 1, links: 3 });
  });
});

describe('data points', () => {
  it('keep as many exemplars as the limit allows', async () => {
    const exemplars = [1, 2, 3].map((asDouble) => ({ timeUnixNano: NOW, asDouble }));
    const { rows, limited } = await readMetric(
      { exemplars: 2 },
      { name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asDouble: 1, exemplars }] } },
    );
    expect(rows.get('metric_points')?.[0]?.Exemplars).toHaveLength(2);
    expect(limited).toEqual({ exemplars: 1 });
  });

  it('with more buckets than the limit are refused, the others stored', async () => {
    const point = (buckets: number) => ({
      timeUnixNano: NOW,
      count: 0n,
      bucketCounts: Array.from({ length: buckets }, () => 0n),
      explicitBounds: Array.from({ length: buckets - 1 }, (_, i) => i),
    });
    const { outcome, rows, limited } = await readMetric(
      { buckets: 4 },
      { name: 'm', histogram: { dataPoints: [point(4), point(5)], aggregationTemporality: 1 } },
    );
    expect(rows.get('metric_histograms')?.map(({ BucketCounts }) => (BucketCounts as unknown[]).length)).toEqual([4]);
    expect(Object.fromEntries(outcome.rejections.counts)).toEqual({ invalid_buckets: 1 });
    expect(limited).toEqual({ buckets: 1 });
  });

  it('of more series than can be known are stored, and their series told again', async () => {
    const point = (i: number) => ({ timeUnixNano: NOW, asDouble: i, attributes: numbered(i + 1).slice(i) });
    const dataPoints = [0, 1, 2, 3, 0].map(point);
    const { outcome, rows, limited } = await readMetric({ series: 2 }, { name: 'm', gauge: { dataPoints } });
    expect(outcome.accepted).toBe(5);
    expect(rows.get('metric_points')).toHaveLength(5);
    const told = new Set(rows.get('metric_series')?.map(({ SeriesId }) => SeriesId));
    expect(told).toEqual(new Set(rows.get('metric_points')?.map(({ SeriesId }) => SeriesId)));
    expect(told.size).toBe(4);
    expect(limited.series).toBeGreaterThan(0);
  });
});
