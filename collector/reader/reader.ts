import type { OtlpSignal } from '../otlp/model.ts';
import type { Rejections } from '../otlp/rejections.ts';
import type { ReaderHooks } from './hooks.ts';
import type { LimitName, ReaderLimits } from './limits.ts';
import type { LeanTable, TableBlock } from './tables.ts';

export interface ReadOutcome {
  readonly accepted: number;
  readonly rejections: Rejections;
  /** How often each limit was hit. */
  readonly limited: ReadonlyMap<LimitName, number>;
  /** False when some log record had no time of its own, so that reading it again would give another row. */
  readonly dated: boolean;
  /** The tables that got rows. */
  readonly tables: readonly LeanTable[];
}

/** Times are unix nanoseconds; items older than `oldest` or newer than `newest` are refused. */
export interface ReadContext {
  readonly now: bigint;
  readonly oldest: bigint;
  readonly newest: bigint;
  /** Tables that get no rows of this request. */
  readonly skip?: ReadonlySet<LeanTable>;
}

export interface WireReaderOptions {
  readonly hooks?: ReaderHooks;
  readonly limits: ReaderLimits;
  /** Mixed into the ids of scopes, so that other processors make other scopes. */
  readonly revision?: string;
}

/** Reads OTLP protobuf requests into open column blocks of the lean tables. */
export declare class WireReader {
  static open(options: WireReaderOptions): Promise<WireReader>;
  /**
   * Reads one export request; all rows of it are kept or none. Throws `collector_request_malformed` with place and
   * byte, or `collector_request_too_large`.
   */
  read(signal: OtlpSignal, bytes: Uint8Array, context: ReadContext): ReadOutcome;
  /** 128-bit hash of bytes, not cryptographic, in 32 hex digits. */
  digest(bytes: Uint8Array): string;
  get pendingRows(): number;
  /** About as many bytes as `take` would give. */
  get pendingBytes(): number;
  /** One block for each table that has rows; empties the reader. */
  take(): TableBlock[];
  /** Forgets which scopes and series were told, so that they are told again. */
  forget(): void;
}
