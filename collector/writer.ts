import { Readable } from 'node:stream';
import { Counter, Gauge } from 'prom-client';
import { errorMessage } from '../core/errors.ts';
import type { Health } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { STOCK_TABLES, type StockTable } from './otlp/rows.ts';
import { isDataError, isolate, isStoreAnswer, isViewError } from './poison.ts';
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
/** After so many refusals in a row by a store that answers, the table's next segment is tried first. */
const PATIENCE = 5;

/** How long a stop waits for a store that does not take segments. */
const FAILING_DEADLINE_MS = 1000;

interface Lane {
  readonly queue: ClosedSegment[];
  running: Promise<void> | undefined;
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
  readonly #lanes = new Map<StockTable, Lane>();
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
    for (const table of STOCK_TABLES) {
      this.#lanes.set(table, {
        queue: [],
        running: undefined,
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
        for (const [table, lane] of lanes) this.set({ table }, lane.queue.length);
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
    await Promise.all(lanes.map((lane) => lane.running));
    clearTimeout(timer);
    this.#running = false;
    this.#abort.abort();
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

  #lane(table: StockTable): Lane {
    return this.#lanes.get(table) as Lane;
  }

  #kick(lane: Lane): void {
    if (!this.#running || lane.running !== undefined) return;
    lane.running = this.#work(lane).finally(() => {
      lane.running = undefined;
    });
  }

  async #work(lane: Lane): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const segment = lane.queue[0];
      if (segment === undefined) return;
      try {
        await this.#storeSegment(lane, segment);
        lane.viewFailures.delete(segment.id);
        lane.queue.splice(lane.queue.indexOf(segment), 1);
        lane.failingSince = 0;
        lane.failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(lane, segment, error);
        const { retryMin, retryMax } = this.#options;
        await pause(Math.min(retryMax, retryMin * 2 ** Math.min(lane.failures - 1, 20)), signal);
      }
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
    if (isStoreAnswer(error) && lane.failures % PATIENCE === 0 && lane.queue[0] === segment) {
      lane.queue.push(lane.queue.shift() as ClosedSegment);
    }
  }

  async #storeSegment(lane: Lane, segment: ClosedSegment): Promise<void> {
    const { spool } = this.#options;
    const body = await spool.read(segment);
    // The table has the rows already when a view keeps failing; what is left is to let the other views have them.
    const ignoreViews = (lane.viewFailures.get(segment.id) ?? 0) >= PATIENCE;
    try {
      await this.#insert(segment.table, body, segment.id, ignoreViews);
      if (ignoreViews) this.#missedView(lane, segment);
      this.#stored.inc({ table: segment.table }, segment.rows);
    } catch (error) {
      if (!isDataError(error)) throw error;
      await this.#storeWithoutBadLines(segment, body);
    }
    await spool.remove(segment);
  }

  #missedView({ reason }: Lane, { table, id, rows }: ClosedSegment): void {
    this.#withoutViews.inc({ table }, rows);
    const facts = { event: 'collector_rollup_missed', table, segment: id, rows, reason };
    this.#options.telemetry.log.error(facts, 'rows are stored, but a rollup keeps failing on them and goes without');
  }

  async #storeWithoutBadLines(segment: ClosedSegment, body: Buffer): Promise<void> {
    const { spool, telemetry } = this.#options;
    const { table, id } = segment;
    const starts = lineStarts(body);
    const lines = starts.length - 1;
    const slice = (from: number, to: number) => body.subarray(starts[from], starts[to]);
    const refused = await isolate(lines, ({ from, to }) => this.#insert(table, slice(from, to), `${id}:${from}-${to}`));
    let bad = 0;
    for (const { from, to, reason } of refused) {
      const path = await spool.quarantine(segment, `${from}-${to}`, slice(from, to), reason);
      bad += to - from;
      const facts = { event: 'collector_rows_quarantined', table, segment: id, rows: to - from, path, reason };
      telemetry.log.error(
        facts,
        'the store refuses these rows for what they hold; they are kept in the quarantine folder',
      );
    }
    this.#dropped.inc({ table, reason: 'refused_by_store' }, bad);
    this.#stored.inc({ table }, lines - bad);
  }

  async #insert(table: StockTable, body: Buffer, token: string, ignoreViews = false): Promise<void> {
    const { client } = this.#options.store;
    const result = await client.exec({
      query: `INSERT INTO ${table} FORMAT JSONEachRow`,
      values: Readable.from([body], { objectMode: false }),
      abort_signal: this.#abort.signal,
      clickhouse_settings: {
        async_insert: 0,
        insert_deduplication_token: token,
        deduplicate_blocks_in_dependent_materialized_views: 1,
        // One block per insert: all of it is stored or nothing is, and the token means the same block each time.
        input_format_parallel_parsing: 0,
        min_insert_block_size_bytes: '0',
        ...(ignoreViews ? { materialized_views_ignore_errors: 1 } : {}),
      },
    });
    for await (const _ of result.stream);
  }
}

/** Offsets at which lines begin, and the end of the last one. */
function lineStarts(body: Buffer): number[] {
  const starts = [0];
  for (let at = body.indexOf(0x0a); at >= 0; at = body.indexOf(0x0a, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== body.length) starts.push(body.length);
  return starts;
}

function pause(ms: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    }
  });
}
