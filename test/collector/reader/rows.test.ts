import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../../../collector/otlp/model.ts';
import { fixed64Field, lengthField } from '../../../collector/processors/message.ts';
import { DEFAULT_READER_LIMITS } from '../../../collector/reader/limits.ts';
import { type ReadOutcome, WireReader } from '../../../collector/reader/reader.ts';
import type { LeanTable } from '../../../collector/reader/tables.ts';
import type { LeanRow } from '../../oracle/lean-row.ts';
import { LeanTables, type TableRows } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { END, requestsJson, START, toProtobuf } from '../otlp/requests.ts';

/** Rows written out by hand, so that they hold whatever the oracle of the random requests believes. */
const ARRIVAL = 1_750_000_000_000_000_000n;
const CONTEXT = { now: ARRIVAL, oldest: 0n, newest: 2n ** 63n };

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

async function readBytes(signal: OtlpSignal, bytes: Uint8Array): Promise<{ outcome: ReadOutcome; rows: TableRows }> {
  const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
  const outcome = reader.read(signal, bytes, CONTEXT);
  return { outcome, rows: await tables.load(reader.take()) };
}

const asJson = (value: unknown) =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
const readJson = (signal: OtlpSignal, json: unknown = requestsJson[signal]) =>
  readBytes(signal, encodeRequest(signal, parseJson(signal, Buffer.from(asJson(json)))));
const rowsOf = async (table: LeanTable, signal: OtlpSignal, json?: unknown): Promise<readonly LeanRow[]> =>
  (await readJson(signal, json)).rows.get(table) ?? [];
const metrics = (...metrics: unknown[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
const logs = (...logRecords: unknown[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });

describe('rows', () => {
  it.each(OTLP_SIGNALS)('of %s are the same from JSON and from protobuf', async (signal) => {
    const fromProtobuf = await readBytes(signal, toProtobuf(signal, requestsJson[signal]));
    expect(fromProtobuf.rows).toEqual((await readJson(signal)).rows);
    expect(fromProtobuf.outcome.rejections.total).toBe(0);
  });

  it('keep nanoseconds and 64-bit counts with all their digits', async () => {
    const [span] = await rowsOf('spans', 'traces');
    expect(span).toMatchObject({ Timestamp: String(START), Duration: String(END - START) });
    expect((span?.Events as unknown[][] | undefined)?.[0]?.[0]).toBe(String(START + 1n));
    const count = 18446744073709551615n;
    const summary = metrics({ name: 'm', summary: { dataPoints: [{ timeUnixNano: END, count }] } });
    expect(await rowsOf('metric_summaries', 'metrics', summary)).toMatchObject([{ Count: String(count) }]);
  });

  it('hold attributes as text with sorted keys', async () => {
    const [span] = await rowsOf('spans', 'traces');
    expect(span?.Attributes).toEqual([
      ['a.flag', 'true'],
      ['b.count', '-9223372036854775808'],
      ['c.ratio', '0.25'],
      ['d.list', '["x",9007199254740993,null]'],
      ['e.map', '{"k1":false,"k2":1.5}'],
      ['f.bytes', 'AP8Q'],
      ['g.empty', ''],
      ['z.text', 'Grüße 🚀'],
    ]);
    expect(span).toMatchObject({
      SpanKind: 'Server',
      StatusCode: 'Error',
      StatusMessage: 'no stock',
      ServiceName: 'gateway',
    });
  });

  it('survive keys that mean something to JavaScript', async () => {
    const keys = ['1', '__proto__', 'constructor', 'toJSON'];
    const attributes = keys.map((key) => ({ key, value: { stringValue: key } }));
    const [record] = await rowsOf('logs', 'logs', logs({ timeUnixNano: START, attributes }));
    expect(record?.Attributes).toEqual(keys.map((key) => [key, key]));
  });

  it('of logs take the observed time, then the time of arrival, where their own is unknown', async () => {
    expect((await rowsOf('logs', 'logs')).map(({ Timestamp }) => Timestamp)).toContain(String(END));
    expect(await rowsOf('logs', 'logs', logs({}))).toMatchObject([{ Timestamp: String(ARRIVAL) }]);
  });

  it('keep a body as it is, whatever its lines', async () => {
    const stringValue = 'a\n\nb\r\u2028; DROP TABLE logs';
    expect(await rowsOf('logs', 'logs', logs({ timeUnixNano: START, body: { stringValue } }))).toMatchObject([
      { Body: stringValue },
    ]);
  });

  it('go to the table of their kind of metric', async () => {
    const { rows } = await readJson('metrics');
    expect(rows.get('metric_points')).toMatchObject([
      { Type: 'gauge', Value: -7 },
      { Type: 'sum', Value: 12.5, Temporality: 2, IsMonotonic: true },
    ]);
    const [gauge] = rows.get('metric_points') ?? [];
    expect((gauge?.Exemplars as unknown[][] | undefined)?.[0]?.at(-1)).toBe('0102030405060708090a0b0c0d0e0fff');
    expect(rows.get('metric_histograms')).toMatchObject([
      { BucketCounts: ['1', '2', '0'], ExplicitBounds: [0.5, 1], Min: 0.25, Max: 1 },
    ]);
    expect(rows.get('metric_exponential_histograms')).toMatchObject([
      { Scale: -1, PositiveOffset: -3, NegativeOffset: 2, NegativeBucketCounts: ['2'] },
    ]);
    expect(rows.get('metric_summaries')).toMatchObject([
      {
        Quantiles: [
          [0.5, 0.1],
          [0.99, 0.9],
        ],
      },
    ]);
  });

  it('hold numbers that JSON lacks; a staleness marker is no number', async () => {
    const value = async (point: object) =>
      (
        await rowsOf(
          'metric_points',
          'metrics',
          metrics({ name: 'm', gauge: { dataPoints: [{ timeUnixNano: END, ...point }] } }),
        )
      )[0]?.Value;
    expect(await value({ asDouble: 'NaN' })).toBe('nan');
    expect(await value({ asDouble: 'Infinity' })).toBe('inf');
    expect(await value({ asDouble: '-Infinity' })).toBe('-inf');
    expect(await value({ flags: 1 })).toBe('nan');
    expect(await value({ asInt: '0' })).toBe(0);
  });
});

describe('protobuf', () => {
  const inSpan = (...fields: Buffer[]) => {
    const ids = [lengthField(1, Buffer.alloc(16, 1)), lengthField(2, Buffer.alloc(8, 2))];
    const times = [fixed64Field(7, START), fixed64Field(8, END)];
    return lengthField(1, lengthField(2, lengthField(2, Buffer.concat([...ids, ...times, ...fields]))));
  };
  const spanOf = async (...fields: Buffer[]) => (await readBytes('traces', inSpan(...fields))).rows.get('spans')?.[0];

  it('skips unknown fields of every wire type', async () => {
    const known = lengthField(5, Buffer.from('name'));
    const unknown = [
      Buffer.from([0xf8, 0x01, 0x96, 0x01]),
      Buffer.from([0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]),
      Buffer.from([0xfa, 0x01, 2, 9, 9]),
      Buffer.from([0xfd, 0x01, 1, 2, 3, 4]),
    ];
    expect(await spanOf(...unknown, known)).toEqual(await spanOf(known));
  });

  it('keeps the last of a oneof and merges a message that comes twice', async () => {
    const value = Buffer.concat([lengthField(1, Buffer.from('x')), Buffer.from([3 << 3, 5])]);
    const pair = Buffer.concat([lengthField(1, Buffer.from('k')), lengthField(2, value)]);
    const status = [lengthField(15, lengthField(2, Buffer.from('bad'))), lengthField(15, Buffer.from([3 << 3, 2]))];
    expect(await spanOf(lengthField(9, pair), ...status)).toMatchObject({
      Attributes: [['k', '5']],
      StatusMessage: 'bad',
      StatusCode: 'Error',
    });
  });
});

describe('items that break the rules', () => {
  const point = (changes: object, kind = 'exponentialHistogram') =>
    metrics({ name: 'm', [kind]: { dataPoints: [{ timeUnixNano: END, ...changes }] } });
  const after2105 = 2n ** 63n;
  it.each([
    ['a scale no double can follow', point({ scale: 40, positive: { bucketCounts: [1] } }), 'invalid_buckets'],
    ['buckets beyond doubles', point({ scale: 0, positive: { offset: 2000, bucketCounts: [1] } }), 'invalid_buckets'],
    ['a number point without a number', point({}, 'gauge'), 'missing_value'],
    ['a start after 2105', point({ startTimeUnixNano: after2105, asInt: 1 }, 'sum'), 'invalid_time'],
    ['an exemplar after 2105', point({ asInt: 1, exemplars: [{ timeUnixNano: after2105 }] }, 'sum'), 'invalid_time'],
  ])('%s', async (_, request, reason) => {
    const { outcome, rows } = await readJson('metrics', request);
    expect([...rows.keys()].filter((table) => table !== 'metric_series' && table !== 'resource_scopes')).toEqual([]);
    expect([...outcome.rejections.counts]).toEqual([[reason, 1]]);
    expect(outcome.rejections.message('data points')).toContain('1 data points refused');
    expect(outcome.rejections.message('data points')).toContain('dataPoints[0]');
  });

  it('a metric without a name loses all its points', async () => {
    const dataPoints = [1, 2].map((asInt) => ({ timeUnixNano: END, asInt }));
    const { outcome } = await readJson('metrics', metrics({ gauge: { dataPoints } }));
    expect([...outcome.rejections.counts]).toEqual([['missing_name', 2]]);
  });
});
