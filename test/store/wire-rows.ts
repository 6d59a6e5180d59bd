import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRequest } from '../../collector/otlp/encode.ts';
import type { KeyValue, Metric, MetricsRequest, TracesRequest } from '../../collector/otlp/model.ts';
import { DEFAULT_READER_LIMITS } from '../../collector/reader/limits.ts';
import { WireReader } from '../../collector/reader/reader.ts';
import { LEAN_TABLES } from '../../collector/reader/tables.ts';
import type { Labels } from '../../core/labels.ts';
import type { Store } from '../../store/client.ts';
import type { StockTable } from './stock-rows.ts';

/**
 * The way in that telemetry takes, for rows in the words of the OpenTelemetry Collector's ClickHouse exporter: they become an OTLP
 * request, the wire reader makes blocks of it, and these are stored in the order and with the settings of the collector. Where
 * `insertStock` derives columns in SQL of its own, here the product derives them.
 */
export async function insertWire(
  store: Store,
  table: StockTable,
  rows: readonly object[],
  options: { readonly token?: string } = {},
): Promise<void> {
  const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
  const signal = table === 'otel_traces' ? 'traces' : 'metrics';
  const request =
    table === 'otel_traces' ? tracesOf(rows as readonly SpanRow[]) : metricsOf(table, rows as readonly PointRow[]);
  const { accepted } = reader.read(signal, encodeRequest(signal, request), {
    now: BigInt(Date.now()) * 1_000_000n,
    oldest: 0n,
    newest: 2n ** 63n,
  });
  if (accepted !== rows.length) throw new Error(`${accepted} of ${rows.length} rows accepted`);
  const blocks = reader.take();
  const folder = await mkdtemp(join(tmpdir(), 'weir-wire-'));
  try {
    for (const name of LEAN_TABLES) {
      const block = blocks.find((one) => one.table === name);
      if (block === undefined) continue;
      const path = join(folder, name);
      await writeFile(path, block.bytes);
      await store.insertFile(name, path, { token: options.token ?? randomUUID(), bytes: block.bytes.length });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Described {
  readonly ServiceName: string;
  readonly ResourceAttributes: Labels;
}

interface SpanRow extends Described {
  readonly Timestamp: string;
  readonly TraceId: string;
  readonly SpanId: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly SpanAttributes: Labels;
  readonly Duration: number;
  readonly StatusCode: string;
}

interface PointRow extends Described {
  readonly MetricName: string;
  readonly Attributes: Labels;
  readonly StartTimeUnix?: string;
  readonly TimeUnix: string;
  readonly Value?: number;
  readonly AggregationTemporality?: number;
  readonly IsMonotonic?: boolean;
  readonly Count?: number;
  readonly Sum?: number;
  readonly Min?: number;
  readonly Max?: number;
  readonly BucketCounts?: readonly number[];
  readonly ExplicitBounds?: readonly number[];
  readonly Scale?: number;
  readonly ZeroCount?: number;
  readonly PositiveOffset?: number;
  readonly PositiveBucketCounts?: readonly number[];
}

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];
/** A span on the wire has a trace; which one is of no matter to most rows. */
const SOME_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const nanosOf = (decimal: string) => BigInt(decimal.replace('.', ''));
const pairs = (labels: Labels): KeyValue[] =>
  Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const bigints = (counts: readonly number[] = []) => counts.map(BigInt);
const resourceOf = ({ ServiceName, ResourceAttributes }: Described) => ({
  attributes: pairs({ 'service.name': ServiceName, ...ResourceAttributes }),
});

function tracesOf(rows: readonly SpanRow[]): TracesRequest {
  return {
    resourceSpans: rows.map((row) => ({
      resource: resourceOf(row),
      scopeSpans: [
        {
          spans: [
            {
              traceId: row.TraceId === '' ? SOME_TRACE : row.TraceId.padStart(32, '0'),
              spanId: row.SpanId,
              name: row.SpanName,
              kind: KINDS.indexOf(row.SpanKind),
              startTimeUnixNano: nanosOf(row.Timestamp),
              endTimeUnixNano: nanosOf(row.Timestamp) + BigInt(row.Duration),
              attributes: pairs(row.SpanAttributes),
              status: { code: STATUSES.indexOf(row.StatusCode) },
            },
          ],
        },
      ],
    })),
  };
}

function metricsOf(table: StockTable, rows: readonly PointRow[]): MetricsRequest {
  return {
    resourceMetrics: rows.map((row) => ({
      resource: resourceOf(row),
      scopeMetrics: [{ metrics: [{ name: row.MetricName, ...dataOf(table, row) }] }],
    })),
  };
}

function dataOf(table: StockTable, row: PointRow): Metric {
  const point = {
    attributes: pairs(row.Attributes),
    startTimeUnixNano: row.StartTimeUnix === undefined ? 0n : nanosOf(row.StartTimeUnix),
    timeUnixNano: nanosOf(row.TimeUnix),
  };
  const aggregationTemporality = row.AggregationTemporality ?? 0;
  if (table === 'otel_metrics_gauge') return { gauge: { dataPoints: [{ ...point, asDouble: row.Value ?? 0 }] } };
  if (table === 'otel_metrics_sum') {
    const dataPoints = [{ ...point, asDouble: row.Value ?? 0 }];
    return { sum: { dataPoints, aggregationTemporality, isMonotonic: row.IsMonotonic ?? false } };
  }
  const counted = {
    ...point,
    count: BigInt(row.Count ?? 0),
    sum: row.Sum ?? 0,
    ...(row.Min === undefined ? {} : { min: row.Min }),
    ...(row.Max === undefined ? {} : { max: row.Max }),
  };
  if (table === 'otel_metrics_histogram') {
    const buckets = { bucketCounts: bigints(row.BucketCounts), explicitBounds: row.ExplicitBounds ?? [] };
    return { histogram: { dataPoints: [{ ...counted, ...buckets }], aggregationTemporality } };
  }
  const positive = { offset: row.PositiveOffset ?? 0, bucketCounts: bigints(row.PositiveBucketCounts) };
  const scaled = { scale: row.Scale ?? 0, zeroCount: BigInt(row.ZeroCount ?? 0), positive };
  return { exponentialHistogram: { dataPoints: [{ ...counted, ...scaled }], aggregationTemporality } };
}
