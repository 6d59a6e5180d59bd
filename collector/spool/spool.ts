import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, WeirError } from '../../core/errors.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Millis } from '../../core/time.ts';
import { LEAN_TABLES, type LeanTable, type TableBlock } from '../reader/tables.ts';
import { DiskSpace } from './disk.ts';
import type { Entry } from './entry.ts';
import { type Excerpt, writeExcerpt } from './excerpt.ts';
import { inspectSegment } from './inspection.ts';
import { lockDirectory } from './lock.ts';
import { createSpoolMetrics, type SpoolMetrics } from './metrics.ts';
import { Quarantine } from './quarantine.ts';
import { RecentRequests } from './recent.ts';
import { recoverSegments } from './recover.ts';
import { isDue, type RollLimits } from './roll.ts';
import { type ClosedSegment, OpenSegment, removeSegment, type SegmentMark, syncFolder } from './segment.ts';
import { type BlockSource, DESCRIBING_TABLES, type ReadRequest } from './source.ts';
import { SpareSegments } from './spares.ts';

export interface SpoolOptions {
  /** Absolute. */
  readonly directory: string;
  /** Above this many bytes waiting for the store, requests are refused. */
  readonly maxBytes: number;
  /** Below this many free bytes on the disk, requests are refused. */
  readonly minFreeBytes: number;
  readonly roll: RollLimits;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  /** Takes over a segment that is complete; also called for those found at `open`. */
  readonly onClosed: (segment: ClosedSegment) => void;
  /** Whether inserts of the table run or wait, so that another segment would only wait as well. */
  readonly isBusy?: (table: LeanTable) => boolean;
}

/** What the source may hold: above it the next request waits for the disk. */
const MAX_PENDING_BYTES = 64 << 20;
const MAX_PENDING_ROWS = 400_000;
/** A disk that takes longer for one group does not keep up. */
const SLOW_DISK_MS = 5000;
const TICK_MS = 20;
const DISK_CHECK_TICKS = 5;
const RETRY_AFTER_MS = 5000;

interface Opened {
  readonly segment: OpenSegment;
  /** When its first block came. */
  readonly since: Millis;
}

interface Waiting {
  readonly request: ReadRequest;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The write-ahead log between acknowledging and storing. `append` reads a request into the source and returns when the
 * disk has its rows. All requests that were read while one group is written share the next (group commit). Blocks
 * gather in one segment per table, and a closed segment's file is an insert's file as it stands.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #metrics: SpoolMetrics;
  readonly #disk: DiskSpace;
  readonly #quarantine: Quarantine;
  readonly #open = new Map<LeanTable, Opened>();
  readonly #spares = new SpareSegments((table) => this.#create(table));
  readonly #rolling = new Set<Promise<void>>();
  readonly #run = randomBytes(4).toString('hex');
  readonly #recent = new RecentRequests();
  readonly #pending = new Map<string, Promise<void>>();
  /** Requests that wait until the source is emptied. */
  readonly #roomless: (() => void)[] = [];
  #source: BlockSource | undefined;
  #sequence = 0;
  #ticks = 0;
  #waiting: Waiting[] = [];
  #writingBytes = 0;
  #writingSince: Millis | undefined;
  #backlogBytes = 0;
  #closedSegments = 0;
  #accepting = false;
  #committing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unlock: (() => Promise<void>) | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#disk = new DiskSpace(options.directory, options.minFreeBytes);
    this.#quarantine = new Quarantine(join(options.directory, 'quarantine'));
    this.#metrics = createSpoolMetrics(options.telemetry.registry, () => ({
      bytes: this.backlogBytes,
      segments: this.#closedSegments + this.#open.size,
    }));
  }

  /** Takes the folder, replays what a former process left, and accepts requests. Throws `collector_spool_locked`. */
  async open(source: BlockSource): Promise<void> {
    const { directory, telemetry, now } = this.#options;
    for (const table of LEAN_TABLES) await mkdir(join(directory, table), { recursive: true });
    this.#unlock = await lockDirectory(directory);
    await syncFolder(directory);
    await rm(this.#excerpts(), { recursive: true, force: true });
    const { segments, known, tornBytes, damaged } = await recoverSegments(directory, this.#quarantine);
    if (segments.length > 0 || tornBytes > 0) {
      const rows = segments.reduce((total, segment) => total + segment.rows, 0);
      const facts = { event: 'collector_spool_replayed', segments: segments.length, rows, tornBytes };
      telemetry.log.info(facts, 'segments of a former process are stored now');
    }
    for (const { segment, table, rows } of damaged) {
      this.#metrics.damaged.inc({ table }, rows);
      const facts = { event: 'collector_spool_damaged', segment, table, rows };
      telemetry.log.error(facts, 'bytes changed on disk since they were written; they are in the quarantine folder');
    }
    for (const { digest, table } of known) this.#recent.add(digest, [table], now());
    for (const segment of segments) {
      this.#backlogBytes += segment.bytes;
      this.#hand(segment);
    }
    await this.#checkDisk();
    this.#source = source;
    this.#accepting = true;
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Bytes that wait for the store. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Why requests are refused now; undefined when they are taken. */
  refusal(): string | undefined {
    const { maxBytes, minFreeBytes, directory, now } = this.#options;
    if (!this.#accepting) return 'the collector is stopping';
    const waiting = this.#writingBytes + (this.#source?.pendingBytes ?? 0);
    if (this.#backlogBytes + waiting > maxBytes) {
      return `${maxBytes} bytes wait for the store, which is as much as spool.max_bytes allows`;
    }
    if (this.#disk.isShortOf(waiting)) return `less than ${minFreeBytes} bytes are free on the disk of ${directory}`;
    if (this.#writingSince !== undefined && now() - this.#writingSince > SLOW_DISK_MS)
      return 'the disk does not keep up';
    return undefined;
  }

  /**
   * Makes a request durable. `read` reads it into the source, except for the tables that have its rows already; it is
   * called, once, when the source has room and an earlier arrival of the same bytes is durable or lost. Resolves when
   * the disk has the rows. Throws `collector_spool_refused` (retryable) when the backlog is at its bound or the disk
   * nearly full, `collector_spool_failed` (retryable) when the disk refuses, and what `read` throws; then the request
   * may not be acknowledged.
   */
  async append(digest: string, read: (known: readonly LeanTable[]) => ReadRequest): Promise<void> {
    for (;;) {
      const known = this.#recent.tables(digest, this.#options.now());
      const refusal = this.refusal();
      // What is durable already can be acknowledged whatever the disk is like.
      if (refusal !== undefined && known.length === 0) {
        throw new WeirError('collector_spool_refused', refusal, { retryable: true, retryAfterMs: RETRY_AFTER_MS });
      }
      const earlier = this.#pending.get(digest);
      if (earlier !== undefined) await earlier.catch(() => {});
      else if (this.#isSourceFull()) await new Promise<void>((next) => this.#roomless.push(next));
      else {
        const request = read(known);
        if (request.tables.length > 0) await this.#commit(request);
        return;
      }
    }
  }

  #isSourceFull(): boolean {
    const { pendingBytes = 0, pendingRows = 0 } = this.#source ?? {};
    return this.#committing !== undefined && (pendingBytes > MAX_PENDING_BYTES || pendingRows > MAX_PENDING_ROWS);
  }

  #commit(request: ReadRequest): Promise<void> {
    const { digest } = request;
    const durable = new Promise<void>((done, fail) => {
      this.#waiting.push({ request, done, fail });
      this.#kick();
    });
    if (digest === '') return durable;
    this.#pending.set(digest, durable);
    const forget = () => {
      this.#pending.delete(digest);
    };
    durable.then(forget, forget);
    return durable;
  }

  /** The blocks of a closed segment that are whole, and how many rows of it are damaged. */
  async entries(segment: ClosedSegment): Promise<{ entries: readonly Entry[]; damagedRows: number }> {
    const { entries, damages } = await inspectSegment(segment, segment.blocks);
    return { entries, damagedRows: damages.reduce((total, { rows }) => total + rows, 0) };
  }

  /** A file that holds some blocks of a segment, for an insert of their own. The caller removes it. */
  excerpt(segment: ClosedSegment, entries: readonly Entry[]): Promise<Excerpt> {
    return writeExcerpt(this.#excerpts(), segment, entries);
  }

  /** Forgets a segment whose rows are stored or quarantined. */
  async remove(segment: ClosedSegment): Promise<void> {
    await removeSegment(segment);
    this.#backlogBytes -= segment.bytes;
    this.#closedSegments--;
  }

  /** Keeps a block that the store will never take, with the reason beside it. */
  async quarantine(segment: ClosedSegment, entry: Entry, bytes: Buffer, reason: string): Promise<string> {
    if (DESCRIBING_TABLES.has(segment.table)) this.#source?.forget();
    return this.#quarantine.keep(segment.table, `${segment.id}-${entry.number}`, bytes, reason);
  }

  /** Takes nothing new, makes durable what waits, closes all segments. */
  async close(): Promise<void> {
    this.#accepting = false;
    clearInterval(this.#timer);
    while (this.#committing !== undefined) await this.#committing;
    for (const { segment } of [...this.#open.values()]) this.#roll(segment);
    while (this.#rolling.size > 0) await Promise.all(this.#rolling);
    await this.#spares.close();
  }

  /** Lets another process have the folder; after the last `remove`. */
  async unlock(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  #excerpts(): string {
    return join(this.#options.directory, 'excerpts');
  }

  /** One loop at a time commits groups until nothing waits. */
  #kick(): void {
    this.#committing ??= this.#work().finally(() => {
      this.#committing = undefined;
      if (this.#waiting.length > 0) this.#kick();
    });
  }

  async #work(): Promise<void> {
    // Requests that arrive in the same turn of the event loop belong to the first group.
    await new Promise((next) => setImmediate(next));
    await this.#commitGroup();
  }

  async #commitGroup(): Promise<void> {
    const started = performance.now();
    const group = this.#waiting;
    this.#waiting = [];
    /** Segments this group goes to, as they were before. */
    const touched = new Map<OpenSegment, SegmentMark>();
    let blocks: readonly TableBlock[] = [];
    try {
      blocks = this.#take();
      this.#writingSince = this.#options.now();
      this.#writingBytes = blocks.reduce((total, { bytes }) => total + bytes.length, 0);
      this.#disk.spend(this.#writingBytes);
      const writes = blocks.map((block) => this.#write(block, digestsOf(group, block.table), touched));
      const results = await Promise.allSettled(writes);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      this.#backlogBytes += this.#writingBytes;
    } catch (error) {
      await this.#abandon(group, touched, error);
      return;
    } finally {
      this.#source?.release(blocks);
      this.#writingBytes = 0;
      this.#writingSince = undefined;
    }
    this.#metrics.syncSeconds.observe((performance.now() - started) / 1000);
    const now = this.#options.now();
    for (const { request, done } of group) {
      const tables = request.tables.filter((table) => !DESCRIBING_TABLES.has(table));
      if (request.digest !== '' && tables.length > 0) this.#recent.add(request.digest, tables, now);
      done();
    }
    this.#rollDue();
    for (const { table } of blocks) this.#spares.prepare(table);
  }

  #take(): readonly TableBlock[] {
    try {
      return this.#source?.take() ?? [];
    } finally {
      for (const next of this.#roomless.splice(0)) next();
    }
  }

  async #write(block: TableBlock, digests: readonly string[], touched: Map<OpenSegment, SegmentMark>): Promise<void> {
    const { maxRows, maxBytes } = this.#options.roll;
    let segment = this.#open.get(block.table)?.segment;
    if (segment !== undefined && segment.rows > 0) {
      const fits = segment.rows + block.rows <= maxRows && segment.bytes + block.bytes.length <= maxBytes;
      if (!fits) {
        this.#roll(segment);
        segment = undefined;
      }
    }
    segment ??= await this.#next(block.table);
    touched.set(segment, segment.mark());
    await segment.append(block, digests);
  }

  /**
   * A group is durable as a whole or not acknowledged. Its segments are cut back to where they were and closed. What
   * was read in the meantime may speak of scopes and series that were told in this group only, so it goes too.
   */
  async #abandon(
    group: readonly Waiting[],
    touched: ReadonlyMap<OpenSegment, SegmentMark>,
    cause: unknown,
  ): Promise<void> {
    this.#metrics.failures.inc();
    const { log } = this.#options.telemetry;
    const facts = { event: 'collector_spool_failed', err: cause };
    log.error(facts, 'the spool could not be written; senders are told to wait');
    await Promise.all([...touched].map(([segment, mark]) => segment.takeBack(mark)));
    for (const segment of touched.keys()) this.#roll(segment);
    const failed = [...group, ...this.#waiting];
    this.#waiting = [];
    try {
      this.#take();
    } catch (error) {
      log.error({ event: 'collector_reader_failed', err: error }, 'rows of unacknowledged requests cannot be let go');
    }
    this.#source?.forget();
    const message = `the spool could not be written: ${errorMessage(cause)}`;
    const options = { retryable: true, retryAfterMs: RETRY_AFTER_MS, cause };
    const error = new WeirError('collector_spool_failed', message, options);
    for (const { fail } of failed) fail(error);
  }

  async #next(table: LeanTable): Promise<OpenSegment> {
    const segment = await this.#spares.take(table);
    this.#open.set(table, { segment, since: this.#options.now() });
    return segment;
  }

  #create(table: LeanTable): Promise<OpenSegment> {
    const now = String(this.#options.now()).padStart(13, '0');
    const id = `${now}-${this.#run}-${String(this.#sequence++).padStart(8, '0')}`;
    return OpenSegment.create(this.#options.directory, table, id);
  }

  #roll(segment: OpenSegment): void {
    if (this.#open.get(segment.table)?.segment === segment) this.#open.delete(segment.table);
    const rolled = segment.close().then(async (closed) => {
      if (closed.rows > 0) this.#hand(closed);
      else await removeSegment(closed).catch(() => {});
    });
    const finished: Promise<void> = rolled.finally(() => this.#rolling.delete(finished));
    this.#rolling.add(finished);
  }

  #hand(segment: ClosedSegment): void {
    this.#closedSegments++;
    this.#options.onClosed(segment);
  }

  #rollDue(): void {
    const { now, roll, isBusy } = this.#options;
    for (const { segment, since } of this.#open.values()) {
      const { rows, bytes, table } = segment;
      if (rows > 0 && isDue({ age: now() - since, rows, bytes }, roll, isBusy?.(table) ?? false)) {
        this.#roll(segment);
      }
    }
  }

  #tick(): void {
    // A segment that is being written to is looked at when its group is done.
    if (this.#committing === undefined) this.#rollDue();
    this.#ticks++;
    if (this.#ticks % DISK_CHECK_TICKS === 0) void this.#checkDisk();
  }

  async #checkDisk(): Promise<void> {
    try {
      await this.#disk.check();
    } catch (error) {
      this.#options.telemetry.log.warn({ event: 'collector_spool_disk_unknown', err: error }, 'free space is unknown');
    }
  }
}

/** Digests of the requests that gave rows to a table. */
function digestsOf(group: readonly Waiting[], table: LeanTable): string[] {
  if (DESCRIBING_TABLES.has(table)) return [];
  const digests: string[] = [];
  for (const { request } of group) {
    if (request.digest !== '' && request.tables.includes(table)) digests.push(request.digest);
  }
  return digests;
}
