import { randomBytes } from 'node:crypto';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, WeirError } from '../../core/errors.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Millis } from '../../core/time.ts';
import type { Lines } from '../otlp/lines.ts';
import { STOCK_TABLES, type StockTable } from '../otlp/rows.ts';
import { lockDirectory } from './lock.ts';
import { createSpoolMetrics, type SpoolMetrics } from './metrics.ts';
import { RecentRequests } from './recent.ts';
import { recoverSegments, removeSegment } from './recover.ts';
import { type ClosedSegment, OpenSegment, type Piece } from './segment.ts';

export interface SpoolOptions {
  readonly directory: string;
  /** Above this many bytes waiting for the store, appends are refused. */
  readonly maxBytes: number;
  /** Below this many free bytes on the disk, appends are refused. */
  readonly minFreeBytes: number;
  /** A segment is closed when it is this old or this large. */
  readonly segmentAge: Millis;
  readonly segmentBytes: number;
  readonly segmentRows: number;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  /** Takes over a segment that is complete; also called for those found at `open`. */
  readonly onClosed: (segment: ClosedSegment) => void;
}

/** Partitions one insert may touch; ClickHouse's own bound is 100. */
const SEGMENT_DAYS = 90;
/** Bytes that may wait in memory for the disk. */
const MAX_WAITING_BYTES = 128 << 20;
const RETRY_AFTER_MS = 5000;

interface Waiting {
  readonly pieces: readonly Piece[];
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The write-ahead log between acknowledging and storing. `append` returns when the disk has the lines; all requests that
 * wait while one sync runs share the next (group commit). Lines gather in one segment per table; a closed segment is an
 * insert's body as it stands.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #metrics: SpoolMetrics;
  readonly #open = new Map<StockTable, OpenSegment>();
  readonly #run = randomBytes(4).toString('hex');
  readonly #recent = new RecentRequests();
  readonly #pending = new Map<string, Promise<void>>();
  #sequence = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #backlogBytes = 0;
  #closedSegments = 0;
  #diskFull = false;
  #accepting = false;
  #committing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unlock: (() => Promise<void>) | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#metrics = createSpoolMetrics(options.telemetry.registry, () => ({
      bytes: this.backlogBytes,
      segments: this.#closedSegments + this.#open.size,
    }));
  }

  /** Takes the folder, replays what a former process left, and accepts lines. Throws `collector_spool_locked`. */
  async open(): Promise<void> {
    const { directory, telemetry, segmentAge } = this.#options;
    for (const table of STOCK_TABLES) await mkdir(join(directory, table), { recursive: true });
    this.#unlock = await lockDirectory(directory);
    const recovery = await recoverSegments(directory, this.#quarantine());
    const rows = recovery.segments.reduce((total, segment) => total + segment.rows, 0);
    const { tornBytes, damaged } = recovery;
    if (recovery.segments.length > 0 || tornBytes > 0) {
      const facts = { event: 'collector_spool_replayed', segments: recovery.segments.length, rows, tornBytes };
      telemetry.log.info(facts, 'segments of a former process are stored now');
    }
    for (const { segment, table, rows: lost } of damaged) {
      this.#metrics.damaged.inc({ table }, lost);
      const facts = { event: 'collector_spool_damaged', segment, table, rows: lost };
      telemetry.log.error(facts, 'rows changed on disk since they were written; they are in the quarantine folder');
    }
    for (const { digest, piece } of recovery.known) this.#recent.add(digest, piece, this.#options.now());
    for (const segment of recovery.segments) {
      this.#backlogBytes += segment.bytes;
      this.#hand(segment);
    }
    await this.#checkDisk();
    this.#accepting = true;
    this.#timer = setInterval(() => void this.#tick(), Math.max(10, segmentAge / 4)).unref();
  }

  /** Bytes that wait for the store. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Why lines are refused now; undefined when they are taken. */
  refusal(): string | undefined {
    const { maxBytes, minFreeBytes, directory } = this.#options;
    if (!this.#accepting) return 'the collector is stopping';
    if (this.backlogBytes + this.#waitingBytes > maxBytes) {
      return `${maxBytes} bytes wait for the store, which is as much as spool.max_bytes allows`;
    }
    if (this.#diskFull) return `less than ${minFreeBytes} bytes are free on the disk of ${directory}`;
    if (this.#waitingBytes > MAX_WAITING_BYTES) return 'the disk does not keep up';
    return undefined;
  }

  /**
   * Resolves when all lines are durable. `digest` names the request: lines that are durable from an earlier arrival of
   * the same bytes are not written again; the number of rows written is returned. Throws `collector_spool_refused`
   * (retryable) when the backlog is at its bound or the disk nearly full, `collector_spool_failed` (retryable) when the
   * disk refuses; then none of them may be acknowledged.
   */
  async append(lines: readonly Lines[], digest = ''): Promise<number> {
    if (lines.length === 0) return 0;
    while (this.#pending.has(digest)) await this.#pending.get(digest)?.catch(() => {});
    const { now } = this.#options;
    const all = lines.map((piece, number) => ({ lines: piece, digest, number }));
    const pieces = digest === '' ? all : all.filter(({ number }) => !this.#recent.has(digest, number, now()));
    if (pieces.length === 0) return 0;
    const refusal = this.refusal();
    if (refusal !== undefined) {
      throw new WeirError('collector_spool_refused', refusal, { retryable: true, retryAfterMs: RETRY_AFTER_MS });
    }
    const bytes = pieces.reduce((total, piece) => total + piece.lines.bytes.length, 0);
    this.#waitingBytes += bytes;
    const durable = new Promise<void>((done, fail) => {
      this.#waiting.push({ pieces, done, fail });
      this.#kick();
    });
    if (digest !== '') this.#pending.set(digest, durable);
    try {
      await durable;
    } finally {
      this.#waitingBytes -= bytes;
      this.#pending.delete(digest);
    }
    if (digest !== '') for (const { number } of pieces) this.#recent.add(digest, number, now());
    return pieces.reduce((total, piece) => total + piece.lines.rows, 0);
  }

  /** The bytes of a closed segment that are to be inserted. */
  async read(segment: ClosedSegment): Promise<Buffer> {
    const data = await readFile(segment.dataPath);
    return Buffer.concat(segment.ranges.map(({ start, end }) => data.subarray(start, end)));
  }

  /** Forgets a segment whose rows are stored or quarantined. */
  async remove(segment: ClosedSegment): Promise<void> {
    await removeSegment(segment);
    this.#backlogBytes -= segment.bytes;
    this.#closedSegments--;
  }

  /** Keeps lines that the store will never take, with the reason beside them. */
  async quarantine(segment: ClosedSegment, part: string, lines: Buffer, reason: string): Promise<string> {
    const folder = join(this.#quarantine(), segment.table);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${segment.id}-${part}.jsonl`);
    await writeFile(path, lines, { flush: true });
    await writeFile(`${path}.reason.txt`, `${reason}\n`);
    return path;
  }

  /** Takes nothing new, makes durable what waits, closes all segments. */
  async close(): Promise<void> {
    this.#accepting = false;
    clearInterval(this.#timer);
    while (this.#committing !== undefined) await this.#committing;
    for (const segment of [...this.#open.values()]) await this.#roll(segment);
  }

  /** Lets another process have the folder; after the last `remove`. */
  async unlock(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  #quarantine(): string {
    return join(this.#options.directory, 'quarantine');
  }

  /** One loop at a time commits groups until nothing waits and no segment is due. */
  #kick(): void {
    this.#committing ??= this.#work().finally(() => {
      this.#committing = undefined;
      if (this.#waiting.length > 0) this.#kick();
    });
  }

  async #work(): Promise<void> {
    // Requests that arrive in the same turn of the event loop belong to the first group.
    await new Promise((next) => setImmediate(next));
    do {
      const group = this.#waiting;
      this.#waiting = [];
      if (group.length > 0) await this.#commit(group);
      for (const segment of [...this.#open.values()]) if (this.#isDue(segment)) await this.#roll(segment);
    } while (this.#waiting.length > 0);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    /** Segments this group goes to, with their durable bytes before it. */
    const touched = new Map<OpenSegment, number>();
    const full: OpenSegment[] = [];
    try {
      for (const { pieces } of group) {
        for (const piece of pieces) {
          const { lines } = piece;
          let segment = this.#open.get(lines.table);
          if (segment === undefined || !this.#fits(segment, lines)) {
            if (segment !== undefined) full.push(segment);
            segment = await this.#create(lines.table);
          }
          segment.add(piece);
          if (!touched.has(segment)) touched.set(segment, segment.durableBytes);
        }
      }
      const results = await Promise.allSettled([...touched.keys()].map((segment) => segment.commit()));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } catch (error) {
      await this.#abandon(group, new Set([...touched.keys(), ...full]), error);
      return;
    } finally {
      for (const [segment, before] of touched) this.#backlogBytes += segment.durableBytes - before;
    }
    this.#metrics.syncSeconds.observe((performance.now() - started) / 1000);
    for (const { done } of group) done();
    for (const segment of full) this.#hand(await segment.close());
  }

  /** After a failed write nobody knows what the files hold behind their durable part: they are closed there. */
  async #abandon(group: readonly Waiting[], segments: ReadonlySet<OpenSegment>, cause: unknown): Promise<void> {
    const { log } = this.#options.telemetry;
    this.#metrics.failures.inc();
    log.error(
      { event: 'collector_spool_failed', err: cause },
      'the spool could not be written; senders are told to wait',
    );
    for (const segment of segments) {
      if (this.#open.get(segment.table) === segment) this.#open.delete(segment.table);
      const closed = await segment.close();
      if (closed.rows > 0) this.#hand(closed);
      else await removeSegment(closed).catch(() => {});
    }
    const message = `the spool could not be written: ${errorMessage(cause)}`;
    const error = new WeirError('collector_spool_failed', message, {
      retryable: true,
      retryAfterMs: RETRY_AFTER_MS,
      cause,
    });
    for (const { fail } of group) fail(error);
  }

  #fits(segment: OpenSegment, piece: Lines): boolean {
    const { rows, bytes, days } = segment.size;
    const { segmentRows, segmentBytes } = this.#options;
    if (rows === 0) return true;
    if (rows + piece.rows > segmentRows || bytes + piece.bytes.length > segmentBytes) return false;
    let more = 0;
    for (const day of piece.days) if (!days.has(day)) more++;
    return days.size + more <= SEGMENT_DAYS;
  }

  #isDue(segment: OpenSegment): boolean {
    const { segmentAge, segmentBytes, segmentRows, now } = this.#options;
    const { bytes, rows } = segment.size;
    return now() - segment.openedAt >= segmentAge || bytes >= segmentBytes || rows >= segmentRows;
  }

  async #create(table: StockTable): Promise<OpenSegment> {
    const now = this.#options.now();
    const id = `${String(now).padStart(13, '0')}-${this.#run}-${String(this.#sequence++).padStart(8, '0')}`;
    const segment = await OpenSegment.create(this.#options.directory, table, id, now);
    this.#open.set(table, segment);
    return segment;
  }

  async #roll(segment: OpenSegment): Promise<void> {
    if (this.#open.get(segment.table) === segment) this.#open.delete(segment.table);
    const closed = await segment.close();
    if (closed.rows > 0) this.#hand(closed);
    else await removeSegment(closed).catch(() => {});
  }

  #hand(segment: ClosedSegment): void {
    this.#closedSegments++;
    this.#options.onClosed(segment);
  }

  async #tick(): Promise<void> {
    if ([...this.#open.values()].some((segment) => this.#isDue(segment))) this.#kick();
    await this.#checkDisk();
  }

  async #checkDisk(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#options.directory);
      this.#diskFull = bavail * bsize < this.#options.minFreeBytes;
    } catch (error) {
      this.#options.telemetry.log.warn({ event: 'collector_spool_disk_unknown', err: error }, 'free space is unknown');
    }
  }
}
