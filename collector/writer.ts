import { access, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import { errorMessage } from '../core/errors.ts';
import type { Health } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { isDataError, isolate, isViewError } from './poison.ts';
import { LEAN_TABLES, type LeanTable } from './reader/tables.ts';
import { readRange } from './spool/inspection.ts';
import type { ClosedSegment } from './spool/segment.ts';
import type { Spool } from './spool/spool.ts';

export interface WriterOptions {
  readonly store: Store;
  readonly spool: Spool;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  /** First and longest wait between attempts. */
  readonly retryMin: Millis;
  readonly retryMax: Millis;
}

/** Not ready when nothing could be stored for this long. */
const UNHEALTHY_AFTER_MS = 15_000;
/** After so many failures in a row the table's next segment is tried first: it may be this one that does not pass. */
const PATIENCE = 5;

/** How long a stop waits for a store that does not take segments. */
const FAILING_DEADLINE_MS = 1000;

/** Tables whose inserts are worth a second one beside the first when segments have piled up. */
const LARGE_TABLES: ReadonlySet<LeanTable> = new Set<LeanTable>(['spans', 'metric_points', 'logs']);
const PILE = 2;

interface Lane {
  readonly table: LeanTable;
  /** Segments that wait, oldest first. */
  readonly queue: ClosedSegment[];
  readonly workers: Set<Promise<void>>;
  failingSince: Millis;
  failures: number;
  reason: string;
  /** Times each segment's insert failed in a view. */
  readonly viewFailures: Map<string, number>;
}

/**
 * Stores closed segments, each exactly once: the segment's id is the insert's deduplication token, one insert is one
 * block, and the file goes only after the store has said yes. One lane per table, so that a table in trouble holds up
 * no other.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #lanes = new Map<LeanTable, Lane>();
  readonly #stored: Counter<'table'>;
  readonly #dropped: Counter<'table' | 'reason'>;
  readonly #failures: Counter<'table'>;
  readonly #withoutViews: Counter<'table'>;
  #abort = new AbortController();
  #running = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    const registers = [options.telemetry.registry];
    const labelNames = ['table'] as const;
    this.#stored = new Counter({
      name: 'weir_collector_stored_total',
      help: 'Rows the store has taken',
      labelNames,
      registers,
    });
    this.#dropped = new Counter({
      name: 'weir_collector_quarantined_total',
      help: 'Rows the store refuses for what they hold; kept in the quarantine folder',
      labelNames: ['table', 'reason'],
      registers,
    });
    this.#failures = new Counter({
      name: 'weir_collector_insert_failures_total',
      help: 'Inserts that failed and are tried again',
      labelNames,
      registers,
    });
    this.#withoutViews = new Counter({
      name: 'weir_collector_rollup_missed_total',
      help: 'Rows stored although a rollup fed by their table keeps failing on them',
      labelNames,
      registers,
    });
    for (const table of LEAN_TABLES) {
      this.#lanes.set(table, {
        table,
        queue: [],
        workers: new Set(),
        failingSince: 0,
        failures: 0,
        reason: '',
        viewFailures: new Map(),
      });
      this.#stored.inc({ table }, 0);
    }
    const lanes = this.#lanes;
    new Gauge({
      name: 'weir_collector_writer_segments',
      help: 'Segments that wait to be inserted',
      labelNames,
      registers,
      collect() {
        for (const [table, lane] of lanes) this.set({ table }, lane.queue.length + lane.workers.size);
      },
    });
  }

  start(): void {
    this.#running = true;
    this.#abort = new AbortController();
    for (const lane of this.#lanes.values()) this.#kick(lane);
  }

  enqueue(segment: ClosedSegment): void {
    const lane = this.#lane(segment.table);
    lane.queue.push(segment);
    this.#kick(lane);
  }

  /** Waits until all segments are stored, for at most `deadline`, then stops; what is left is replayed at the next start. */
  async stop(deadline: Millis): Promise<void> {
    const lanes = [...this.#lanes.values()];
    const failing = lanes.some((lane) => lane.failures > 0);
    const timer = setTimeout(() => this.#abort.abort(), failing ? Math.min(deadline, FAILING_DEADLINE_MS) : deadline);
    const workers = () => lanes.flatMap((lane) => [...lane.workers]);
    while (workers().length > 0) await Promise.all(workers());
    clearTimeout(timer);
    this.#running = false;
    this.#abort.abort();
  }

  /** Whether segments of the table are being inserted or wait for it. */
  isBusy(table: LeanTable): boolean {
    const lane = this.#lane(table);
    return lane.workers.size > 0 || lane.queue.length > 0;
  }

  health(): Health {
    const now = this.#options.now();
    for (const [table, { failingSince, reason }] of this.#lanes) {
      if (failingSince > 0 && now - failingSince > UNHEALTHY_AFTER_MS) {
        return {
          ready: false,
          detail: `${table} cannot be stored for ${Math.round((now - failingSince) / 1000)} s: ${reason}`,
        };
      }
    }
    return { ready: true };
  }

  #lane(table: LeanTable): Lane {
    return this.#lanes.get(table) as Lane;
  }

  #kick(lane: Lane): void {
    const isPiled = LARGE_TABLES.has(lane.table) && lane.queue.length > PILE && lane.failures === 0;
    const most = isPiled ? 2 : 1;
    while (this.#running && !this.#abort.signal.aborted && lane.queue.length > 0 && lane.workers.size < most) {
      const worker: Promise<void> = this.#work(lane).finally(() => {
        lane.workers.delete(worker);
        this.#kick(lane);
      });
      lane.workers.add(worker);
    }
  }

  async #work(lane: Lane): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const segment = lane.queue.shift();
      if (segment === undefined) return;
      try {
        await this.#storeSegment(lane, segment);
        lane.viewFailures.delete(segment.id);
        lane.failingSince = 0;
        lane.failures = 0;
      } catch (error) {
        if (signal.aborted) {
          lane.queue.unshift(segment);
          return;
        }
        this.#failed(lane, segment, error);
        if (lane.failures % PATIENCE === 0) lane.queue.push(segment);
        else lane.queue.unshift(segment);
        const { retryMin, retryMax } = this.#options;
        const wait = Math.min(retryMax, retryMin * 2 ** Math.min(lane.failures - 1, 20));
        await sleep(wait, undefined, { signal }).catch(() => {});
      }
      // The second worker stays only as long as segments are piled up.
      if (lane.workers.size > 1 && (lane.queue.length <= PILE || lane.failures > 0)) return;
      this.#kick(lane);
    }
  }

  #failed(lane: Lane, segment: ClosedSegment, error: unknown): void {
    const reason = errorMessage(error) || String((error as { code?: unknown }).code ?? error);
    const { log } = this.#options.telemetry;
    const facts = { event: 'collector_insert_failed', table: segment.table, segment: segment.id, reason };
    // A store that is down for an hour is one line, not thousands.
    if (lane.failures === 0 || lane.reason !== reason)
      log.warn(facts, 'a segment could not be stored and is tried again');
    this.#failures.inc({ table: segment.table });
    if (lane.failingSince === 0) lane.failingSince = this.#options.now();
    lane.failures++;
    lane.reason = reason;
    if (isViewError(error)) lane.viewFailures.set(segment.id, (lane.viewFailures.get(segment.id) ?? 0) + 1);
  }

  async #storeSegment(lane: Lane, segment: ClosedSegment): Promise<void> {
    const { spool } = this.#options;
    // The table has the rows already when a view keeps failing; what is left is to let the other views have them.
    const ignoreViews = (lane.viewFailures.get(segment.id) ?? 0) >= PATIENCE;
    try {
      if (segment.isIntact) await this.#insert(segment, segment.dataPath, segment.bytes, segment.id, ignoreViews);
      else await this.#insertWhole(segment, ignoreViews);
      if (ignoreViews) this.#missedView(lane, segment);
      this.#stored.inc({ table: segment.table }, segment.rows);
    } catch (error) {
      if (await isGone(segment.dataPath)) this.#gone(segment);
      else if (isDataError(error)) await this.#storeWithoutBadBlocks(segment);
      else throw error;
    }
    await spool.remove(segment);
  }

  /** Inserts the whole blocks of a segment that has damaged parts. */
  async #insertWhole(segment: ClosedSegment, ignoreViews: boolean): Promise<void> {
    const { spool } = this.#options;
    const { entries } = await spool.entries(segment);
    if (entries.length === 0) return;
    const excerpt = await spool.excerpt(segment, entries);
    try {
      await this.#insert(segment, excerpt.path, excerpt.bytes, segment.id, ignoreViews);
    } finally {
      await excerpt.remove();
    }
  }

  #gone({ table, id, rows }: ClosedSegment): void {
    this.#dropped.inc({ table, reason: 'file_gone' }, rows);
    const facts = { event: 'collector_segment_gone', table, segment: id, rows };
    this.#options.telemetry.log.error(facts, 'the file of a segment is gone from the spool, and its rows with it');
  }

  #missedView({ reason }: Lane, { table, id, rows }: ClosedSegment): void {
    this.#withoutViews.inc({ table }, rows);
    const facts = { event: 'collector_rollup_missed', table, segment: id, rows, reason };
    this.#options.telemetry.log.error(facts, 'rows are stored, but a rollup keeps failing on them and goes without');
  }

  /** The store refuses something of the segment for what it holds: all blocks but the bad ones are stored. */
  async #storeWithoutBadBlocks(segment: ClosedSegment): Promise<void> {
    const { spool, telemetry } = this.#options;
    const { table, id } = segment;
    const { entries, damagedRows } = await spool.entries(segment);
    const refused = await isolate(entries.length, async ({ from, to }) => {
      const excerpt = await spool.excerpt(segment, entries.slice(from, to));
      try {
        const token = `${id}:${entries[from]?.number}-${entries[to - 1]?.number}`;
        await this.#insert(segment, excerpt.path, excerpt.bytes, token);
      } finally {
        await excerpt.remove();
      }
    });
    let bad = 0;
    const data = await open(segment.dataPath, 'r');
    try {
      for (const { from, to, reason } of refused) {
        for (const entry of entries.slice(from, to)) {
          const bytes = await readRange(data, entry.offset, entry.length);
          const path = await spool.quarantine(segment, entry, bytes, reason);
          bad += entry.rows;
          const facts = { event: 'collector_rows_quarantined', table, segment: id, rows: entry.rows, path, reason };
          telemetry.log.error(
            facts,
            'the store refuses a block for what it holds; it is kept in the quarantine folder',
          );
        }
      }
    } finally {
      await data.close();
    }
    const sound = entries.reduce((total, { rows }) => total + rows, 0);
    this.#dropped.inc({ table, reason: 'refused_by_store' }, bad);
    if (segment.isIntact && damagedRows > 0) this.#dropped.inc({ table, reason: 'damaged' }, damagedRows);
    this.#stored.inc({ table }, sound - bad);
  }

  #insert(
    { table }: ClosedSegment,
    path: string,
    bytes: number,
    token: string,
    ignoreViewErrors = false,
  ): Promise<void> {
    const { signal } = this.#abort;
    return this.#options.store.insertFile(table, path, { token, bytes, ignoreViewErrors, signal });
  }
}

async function isGone(path: string): Promise<boolean> {
  return access(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
