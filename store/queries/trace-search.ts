import { WeirError } from '../../core/errors.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { filterSql, nanosOf, type SpanFilter } from './span-filter.ts';
import { readSummaries, type TraceMatch, type TraceSummary } from './trace-summaries.ts';
import { TRACE_ID } from './traces.ts';

export interface TraceSearch extends SpanFilter {
  /** Unix milliseconds: spans that started in [from, to). */
  readonly from: Millis;
  readonly to: Millis;
  /** Default 50. */
  readonly limit?: number;
  /** `next` of the page before this one, of a search that was otherwise the same. */
  readonly before?: string;
  /** Milliseconds after which the search ends with what it has. Default 4000. */
  readonly budget?: Millis;
}

export interface TraceSearchResult {
  /** The newest start first. */
  readonly traces: readonly TraceSummary[];
  /** Where to go on; undefined when all of the range was searched. */
  readonly next: string | undefined;
  /** The range was searched from its end back to here. */
  readonly searchedTo: Millis;
}

/** Traces are taken by their newest fitting span, then by id, both falling: what is below a position is still to come. */
interface Position {
  readonly time: bigint;
  /** '' is below every id, so that no trace of `time` itself is still to come. */
  readonly id: string;
}

const FIRST_WINDOW = 10_000_000_000n;
const GROWTH = 8;
const BUDGET_MS = 4000;

/**
 * Traces with a span that fits, those with the newest such span. The range is searched backwards in windows that grow
 * while little is found, so a common span is found in the last seconds whatever the range, and a rare one costs a scan
 * of the columns it is told by.
 *
 * Throws `store_search_cursor_invalid` when `before` is no cursor, `store_search_too_slow` (retryable) when the store did
 * not get through the first window in twice the budget.
 */
export async function searchTraces(store: Store, search: TraceSearch): Promise<TraceSearchResult> {
  const { limit = 50, budget = BUDGET_MS } = search;
  const from = nanosOf(search.from);
  const cursor = search.before === undefined ? undefined : parseCursor(search.before);
  const began = performance.now();
  const matches: TraceMatch[] = [];
  const seen = new Set<string>();
  let at: Position = cursor ?? { time: nanosOf(search.to), id: '' };
  let width = FIRST_WINDOW;
  while (at.time > from && matches.length < limit) {
    let start = at.time - width;
    if (start < from) start = from;
    const wanted = limit - matches.length + seen.size;
    const windowBegan = performance.now();
    const rows = await findInWindow(store, search, { start, at, limit: wanted, seconds: (2 * budget) / 1000 });
    if (rows === undefined) {
      const tooLong = performance.now() - began > budget;
      if (matches.length > 0 && tooLong) break;
      if (tooLong || width === FIRST_WINDOW) throw tooSlow(budget);
      width = FIRST_WINDOW;
      continue;
    }
    const fresh = rows.filter((row) => !seen.has(row.traceId));
    const shown = cursor === undefined ? new Set<string>() : await findNewer(store, search, cursor, fresh);
    at = rows.length === wanted ? positionOf(rows.at(-1) as TraceMatch) : { time: start, id: '' };
    for (const row of fresh) {
      seen.add(row.traceId);
      if (shown.has(row.traceId)) continue;
      matches.push(row);
      if (matches.length === limit) {
        at = positionOf(row);
        break;
      }
    }
    const left = budget - (performance.now() - began);
    if (left <= 0) break;
    // A window that took long is not followed by one that cannot end in time.
    const affordable = Math.floor(left / Math.max(1, performance.now() - windowBegan));
    width *= BigInt(Math.max(1, Math.min(GROWTH, affordable)));
  }
  return {
    traces: await readSummaries(store, matches),
    next: at.time > from ? `${at.time}-${at.id}` : undefined,
    searchedTo: Math.max(search.from, Number(at.time / 1000n) / 1000),
  };
}

function positionOf(match: TraceMatch): Position {
  return { time: match.newest, id: match.traceId };
}

function parseCursor(text: string): Position {
  const [, time, id] = /^(\d{1,19})-([0-9a-f]{32}|)$/.exec(text) ?? [];
  if (time === undefined || id === undefined) {
    throw new WeirError('store_search_cursor_invalid', `"${text.slice(0, 60)}" is not where a search of traces ended`);
  }
  return { time: BigInt(time), id };
}

interface Window {
  readonly start: bigint;
  readonly at: Position;
  readonly limit: number;
  readonly seconds: number;
}

/** Traces with a fitting span in the window, below `at`; undefined when it took too long. */
async function findInWindow(store: Store, search: SpanFilter, window: Window): Promise<TraceMatch[] | undefined> {
  const { start, at } = window;
  const { cheap, dear, params } = filterSql(search, start, at.id === '' ? at.time : at.time + 1n);
  const below = at.id === '' ? '' : 'HAVING newest < {time:Int64} OR (newest = {time:Int64} AND traceId < {id:String})';
  try {
    const rows = await store.rows<{ traceId: string; newest: string }>(
      `
SELECT traceId, toString(newest) AS newest FROM (
    SELECT ${TRACE_ID} AS traceId, toUnixTimestamp64Nano(max(Timestamp)) AS newest
    FROM spans
    PREWHERE ${cheap}
    WHERE ${dear} AND TraceId != toFixedString('', 16)
    GROUP BY TraceId
    ${below}
    ORDER BY newest DESC, traceId DESC
    LIMIT {limit:UInt32})
ORDER BY toInt64(newest) DESC, traceId DESC`,
      { ...params, time: at.time.toString(), id: at.id, limit: window.limit },
      { max_execution_time: Math.max(1, Math.ceil(window.seconds)) },
    );
    return rows.map((row) => ({ traceId: row.traceId, newest: BigInt(row.newest) }));
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

/** Which of `matches` also have a fitting span on the other side of the cursor: an earlier page has shown them. */
async function findNewer(
  store: Store,
  search: TraceSearch,
  cursor: Position,
  matches: readonly TraceMatch[],
): Promise<Set<string>> {
  const to = nanosOf(search.to);
  if (matches.length === 0 || cursor.time >= to) return new Set();
  const { cheap, dear, params } = filterSql(search, cursor.time, to);
  const rows = await store.rows<{ traceId: string }>(
    `SELECT DISTINCT ${TRACE_ID} AS traceId FROM spans PREWHERE ${TRACE_ID} IN {ids:Array(String)} AND ${cheap}
    WHERE ${dear} AND (Timestamp > fromUnixTimestamp64Nano({time:Int64}) OR traceId >= {id:String})`,
    { ...params, ids: matches.map((match) => match.traceId), time: cursor.time.toString(), id: cursor.id },
  );
  return new Set(rows.map((row) => row.traceId));
}

/** ClickHouse's TIMEOUT_EXCEEDED. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '159';
}

function tooSlow(budget: Millis): WeirError {
  return new WeirError(
    'store_search_too_slow',
    `The store could not search ten seconds of spans within ${Math.ceil((2 * budget) / 1000)} s; name a service or an operation`,
    { retryable: true },
  );
}
