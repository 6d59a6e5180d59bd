import type { LeanTable, TableBlock } from '../reader/tables.ts';

/** Where the spool takes the rows from that were read since it last did: the wire reader. */
export interface BlockSource {
  readonly pendingRows: number;
  readonly pendingBytes: number;
  /** One block for each table that has rows; what is taken is gone from the source. */
  take(): readonly TableBlock[];
  /** Takes back blocks that nobody reads any more. */
  release(blocks: readonly TableBlock[]): void;
  /** Called when rows that were taken are lost: scopes and series told once must be told again. */
  forget(): void;
}

/** Tables whose rows describe others and may be written twice; a repeated request is not looked for in them. */
export const DESCRIBING_TABLES: ReadonlySet<LeanTable> = new Set<LeanTable>(['resource_scopes', 'metric_series']);

/** A request that was read: the digest of its bytes ('' when they may come again on purpose), the tables it gave rows. */
export interface ReadRequest {
  readonly digest: string;
  readonly tables: readonly LeanTable[];
}
