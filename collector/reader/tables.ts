/** The tables the reader fills, in the order in which their rows are to be inserted: what others refer to comes first. */
export const LEAN_TABLES = [
  'resource_scopes',
  'metric_series',
  'spans',
  'logs',
  'metric_points',
  'metric_histograms',
  'metric_exponential_histograms',
  'metric_summaries',
] as const;
export type LeanTable = (typeof LEAN_TABLES)[number];

/** Rows of one table as one block of ClickHouse's Native format. */
export interface TableBlock {
  readonly table: LeanTable;
  readonly rows: number;
  /** A copy of its own, safe to hand to an asynchronous write, until the block is given back. */
  readonly bytes: Buffer;
}
