import type { OtlpRequests, OtlpSignal } from '../../collector/otlp/model.ts';
import type { Rejections } from '../../collector/otlp/rejections.ts';
import { logRows } from './log-rows.ts';
import { METRIC_TABLES, metricRows } from './metric-rows.ts';
import { traceRows } from './trace-rows.ts';
import type { StockRow } from './values.ts';

/** The tables the collector writes. */
export const STOCK_TABLES = ['otel_traces', 'otel_logs', ...METRIC_TABLES] as const;
export type StockTable = (typeof STOCK_TABLES)[number];

export type StockRows = ReadonlyMap<StockTable, readonly StockRow[]>;

/**
 * A request as rows of the stock tables. Items that break the protocol's rules are left out and told to `rejections`.
 * `now` is the time of arrival in unix nanoseconds.
 */
export function stockRows<S extends OtlpSignal>(
  signal: S,
  request: OtlpRequests[S],
  rejections: Rejections,
  now: bigint,
): StockRows {
  if (signal === 'traces') return new Map([['otel_traces', traceRows(request as OtlpRequests['traces'], rejections)]]);
  if (signal === 'logs') return new Map([['otel_logs', logRows(request as OtlpRequests['logs'], rejections, now)]]);
  return metricRows(request as OtlpRequests['metrics'], rejections);
}
