import { randomBytes } from 'node:crypto';
import { errorMessage, WeirError } from '../../core/errors.ts';
import { BufferPool } from '../buffer-pool.ts';
import { malformed, tooLarge } from '../otlp/decode.ts';
import type { OtlpSignal } from '../otlp/model.ts';
import { Rejections } from '../otlp/rejections.ts';
import { malformedWords } from './faults.ts';
import type { ReaderHooks } from './hooks.ts';
import { compiledReader, ReaderFault, ReaderInstance, SIGNAL_NUMBERS } from './instance.ts';
import { LIMIT_NAMES, type LimitName, type ReaderLimits } from './limits.ts';
import { itemPlace, placeOf } from './place.ts';
import { faultWords, REASONS } from './refusals.ts';
import { LEAN_TABLES, type LeanTable, type TableBlock } from './tables.ts';

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

/** Receivers bound requests far below this; the linear memory holds a request and several times its size of rows. */
const LARGEST_REQUEST = 256 * 1024 * 1024;
const DIGEST_SEED = 0x57656972n;
const REVISION_SEED = 0x7265766973696f6en;
const MEMORY_FAULT = 7;
/** Buffers of blocks that were given back, kept for the next. */
const KEPT_BLOCK_BYTES = 64 * 1024 * 1024;

/** Reads OTLP protobuf requests into open column blocks of the lean tables. */
export class WireReader {
  readonly #module: WebAssembly.Module;
  readonly #options: WireReaderOptions;
  readonly #buffers = new BufferPool(KEPT_BLOCK_BYTES);
  #instance: ReaderInstance;
  #signal: OtlpSignal = 'traces';
  #rejections = new Rejections();
  /** The instance trapped: its rows are still good, but it is replaced once they are taken. */
  #trapped = false;
  /** Rows went down with a trapped instance. */
  #lost = false;

  private constructor(module: WebAssembly.Module, options: WireReaderOptions) {
    this.#module = module;
    this.#options = options;
    this.#instance = this.#instantiate();
  }

  static async open(options: WireReaderOptions): Promise<WireReader> {
    return new WireReader(await compiledReader(), options);
  }

  /**
   * Reads one export request; all rows of it are kept or none. Throws `collector_request_malformed` with place and
   * byte, `collector_request_too_large`, or `collector_overloaded` (retryable) when pending rows fill the memory.
   */
  read(signal: OtlpSignal, bytes: Uint8Array, context: ReadContext): ReadOutcome {
    this.#signal = signal;
    this.#rejections = new Rejections();
    const { exports } = this.#instance;
    let isOpen = false;
    try {
      this.#load(bytes);
      isOpen = true;
      exports.read(SIGNAL_NUMBERS[signal], skipped(context.skip), context.now, context.oldest, context.newest);
      this.#instance.series.finish(true);
    } catch (error) {
      this.#instance.series.finish(false);
      // Before the read began there is nothing of this request to take back.
      throw isOpen ? this.#recover(error, bytes) : this.#explain(error, bytes);
    }
    return {
      accepted: exports.accepted.value,
      rejections: this.#rejections,
      limited: this.#limited(),
      dated: exports.dated.value !== 0,
      tables: LEAN_TABLES.filter((_, table) => exports.newRowsOf(table) > 0),
    };
  }

  /** 128-bit hash of bytes, not cryptographic, in 32 hex digits. */
  digest(bytes: Uint8Array): string {
    try {
      this.#load(bytes);
    } catch (error) {
      throw this.#explain(error, bytes);
    }
    const { exports } = this.#instance;
    exports.hashInput(DIGEST_SEED);
    const halves = [exports.hashHigh, exports.hashLow].map(({ value }) => BigInt.asUintN(64, value));
    return halves.map((half) => half.toString(16).padStart(16, '0')).join('');
  }

  get pendingRows(): number {
    return LEAN_TABLES.reduce((sum, _, table) => sum + this.#instance.exports.rowsOf(table), 0);
  }

  /** About as many bytes as `take` would give. */
  get pendingBytes(): number {
    return LEAN_TABLES.reduce((sum, _, table) => sum + this.#instance.exports.bytesOf(table), 0);
  }

  /** Bytes of linear memory in use, which grow to what the largest group of requests needed and stay there. */
  get memoryBytes(): number {
    return this.#instance.memory.length;
  }

  /**
   * One block for each table that has rows; empties the reader. Throws `collector_reader_failed` (retryable) once when
   * rows were lost: nothing that was read since the last call may be acknowledged.
   */
  take(): TableBlock[] {
    if (this.#lost) {
      this.#lost = false;
      throw new WeirError('collector_reader_failed', 'the reader failed and lost its rows', { retryable: true });
    }
    const { exports } = this.#instance;
    const blocks: TableBlock[] = [];
    for (const [index, table] of LEAN_TABLES.entries()) {
      const rows = exports.rowsOf(index);
      if (rows > 0) blocks.push({ table, rows, bytes: this.#block(index) });
    }
    if (this.#trapped) {
      this.#trapped = false;
      this.#instance = this.#instantiate();
    } else exports.clearTables();
    return blocks;
  }

  /** Takes back blocks whose bytes nobody reads any more, so that their memory is used again. */
  release(blocks: readonly TableBlock[]): void {
    for (const { bytes } of blocks) this.#buffers.give(bytes);
  }

  /** Forgets which scopes and series were told, so that they are told again. */
  forget(): void {
    this.#instance.exports.forget();
  }

  #instantiate(): ReaderInstance {
    const { hooks = {}, limits, revision = '' } = this.#options;
    const instance = new ReaderInstance(this.#module, hooks, (reason, fault, value, items) =>
      this.#refuse(reason, fault, value, items),
    );
    const { exports } = instance;
    exports.start(randomBytes(8).readBigUInt64LE());
    for (const [index, name] of LIMIT_NAMES.entries()) exports.setLimit(index, limits[name]);
    exports.setHooked(hooks.attributeAction !== undefined);
    exports.setAdmission(hooks.admitSeries !== undefined);
    exports.setFilters(hooks.filterScope !== undefined && hooks.dropItem !== undefined);
    const text = Buffer.from(revision);
    const at = exports.inputFor(text.length);
    instance.bytes(at, text.length).set(text);
    exports.setRevision(exports.hashInput64(REVISION_SEED));
    return instance;
  }

  #load(bytes: Uint8Array): void {
    if (bytes.length > LARGEST_REQUEST) throw tooLarge(`the request holds more than ${LARGEST_REQUEST} bytes`);
    const at = this.#instance.exports.inputFor(bytes.length);
    this.#instance.bytes(at, bytes.length).set(bytes);
  }

  #refuse(reason: number, fault: number, value: bigint, items: number): void {
    const word = REASONS[reason] ?? 'missing_value';
    const where = () => itemPlace(this.#signal, word, this.#instance.exports);
    if (this.#rejections.counts.has(word)) this.#rejections.add(word, '', where, items);
    else this.#rejections.add(word, faultWords(word, fault, BigInt.asUintN(64, value)), where, items);
  }

  #limited(): Map<LimitName, number> {
    const limited = new Map<LimitName, number>();
    for (const [index, name] of LIMIT_NAMES.entries()) {
      const hits = this.#instance.exports.limitHits(index);
      if (hits > 0) limited.set(name, hits);
    }
    return limited;
  }

  #block(table: number): Buffer {
    const count = this.#instance.exports.planBlock(table);
    const from = this.#instance.exports.planned() >>> 0;
    const memory = this.#instance.memory;
    const runs = new Uint32Array(memory.buffer, from, count * 2);
    let size = 0;
    for (let i = 1; i < runs.length; i += 2) size += runs[i] as number;
    const block = this.#buffers.take(size).subarray(0, size);
    let to = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const at = runs[i] as number;
      const length = runs[i + 1] as number;
      memory.copy(block, to, at, at + length);
      to += length;
    }
    return block;
  }

  /** Takes back the rows of the request that failed; what to throw instead of `error`. */
  #recover(error: unknown, bytes: Uint8Array): unknown {
    const explained = this.#explain(error, bytes);
    try {
      this.#instance.exports.rollback();
    } catch {
      this.#lost = this.#lost || this.pendingRows > 0;
      this.#instance = this.#instantiate();
    }
    return explained;
  }

  #explain(error: unknown, bytes: Uint8Array): unknown {
    if (error instanceof ReaderFault) {
      if (error.code === MEMORY_FAULT) return this.#memoryFault();
      const offset = this.#instance.exports.inputOffset(error.at);
      const place = placeOf(this.#signal, bytes, offset);
      return malformed(malformedWords(error), `${place === '' ? '' : `${place}, `}byte ${offset}`);
    }
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      this.#trapped = true;
      return new WeirError('collector_request_malformed', `the request cannot be read: ${errorMessage(error)}`);
    }
    return error;
  }

  #memoryFault(): WeirError {
    if (this.pendingRows === 0) return tooLarge('the rows of the request do not fit into memory; send smaller batches');
    const message = 'the rows that wait to be written fill the memory; send again later';
    return new WeirError('collector_overloaded', message, { retryable: true, retryAfterMs: 1000 });
  }
}

function skipped(tables: ReadonlySet<LeanTable> | undefined): number {
  return LEAN_TABLES.reduce((bits, table, index) => (tables?.has(table) ? bits | (1 << index) : bits), 0);
}
