import { TupleParam } from '@clickhouse/client';
import { type DeclaredSlo, NO_PIPELINE } from '../../core/definition.ts';
import { type Millis, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { BUCKETS_PER_DOUBLING } from './buckets.ts';
import { numberOf, secondsCell } from './cells.ts';
import { LEVELS, type Level } from './level.ts';

/** An SLO of a pipeline, and the windows it is counted over. */
export interface CountedSlo {
  readonly pipeline: string;
  readonly slo: DeclaredSlo;
  /** Milliseconds before the end. */
  readonly windows: readonly Millis[];
}

export interface GoodAndTotal {
  readonly good: number;
  readonly total: number;
}

/**
 * Good and all events of each SLO in each of its windows before `end`, from the rollups: handled records or calls (entry spans) for
 * latency and errors, rounds of the pipeline model for freshness. A window is read from the coarsest rollup it has thirty rows of, its start
 * blurred by one of them. A record is quick enough when its bucket lies below the target as a whole, which is at most 2.2 % stricter.
 */
export async function readSloCounts(store: Store, slos: readonly CountedSlo[], end: Millis): Promise<GoodAndTotal[][]> {
  const counts = slos.map(({ windows }) => windows.map((): GoodAndTotal => ({ good: 0, total: 0 })));
  const asked = slos.flatMap(({ pipeline, slo, windows }, at) =>
    windows.map((window, i): Asked => ({ at, i, pipeline, slo, since: end - window, window })),
  );
  const [rounds, records] = [
    asked.filter(({ slo }) => slo.indicator === 'freshness'),
    asked.filter(({ slo }) => slo.indicator !== 'freshness'),
  ];
  const queries = [...Map.groupBy(records, ({ window }) => levelOf(window))].map(([level, list]) =>
    countRecords(store, level, list, end),
  );
  if (rounds.length > 0) queries.push(countRounds(store, rounds, end));
  for (const rows of await Promise.all(queries)) {
    for (const { at, i, good, total } of rows) (counts[at] as GoodAndTotal[])[i] = { good, total };
  }
  return counts;
}

interface Asked {
  readonly at: number;
  readonly i: number;
  readonly pipeline: string;
  readonly slo: DeclaredSlo;
  readonly since: Millis;
  readonly window: Millis;
}
interface Counted extends GoodAndTotal {
  readonly at: number;
  readonly i: number;
}

const LEAST_ROWS = 30;

function levelOf(window: Millis): Level {
  return LEVELS.findLast(({ step }) => window / step >= LEAST_ROWS) ?? LEVELS[0];
}

/** Stands for "no limit": every record that did not fail is good. */
const NO_LIMIT = 32_767;

/** The largest bucket that lies within the target as a whole. */
function limitOf({ target }: DeclaredSlo): number {
  return Number.isNaN(target) ? NO_LIMIT : Math.floor(Math.log2(target) * BUCKETS_PER_DOUBLING + 1e-9);
}

/** What telemetry that names no pipeline says of a stage counts for the pipeline that declares it. */
async function countRecords(store: Store, level: Level, asked: readonly Asked[], end: Millis): Promise<Counted[]> {
  const rows = asked.flatMap((one) =>
    (one.pipeline === NO_PIPELINE ? [one.pipeline] : [one.pipeline, NO_PIPELINE]).map((pipeline) => ({
      ...one,
      pipeline,
    })),
  );
  const found = await store.rows<Counted>(
    `
SELECT at, i, good, total
FROM (
    SELECT a.1 AS at, a.2 AS i, e.Source AS source,
        sum(if(a.5 = ${NO_LIMIT}, toFloat64(Count), toFloat64(arraySum(Buckets.2)))) AS total,
        sum(if(a.5 = ${NO_LIMIT}, toFloat64(Count) - toFloat64(Errors), toFloat64(arraySum((bucket, count) -> if(bucket <= a.5, count, 0), Buckets.1, Buckets.2)))) AS good
    FROM (
        SELECT Time, Pipeline, Service, Source, Count, Errors, Buckets,
            arrayJoin(arrayFilter(one -> one.3 = Pipeline AND one.4 = Service AND toUnixTimestamp(Time) >= one.6, {asked:Array(Tuple(UInt32, UInt32, String, String, Int32, UInt32))})) AS a
        FROM ${level.edges}
        WHERE Time >= toDateTime({since:UInt32}) AND Time < toDateTime({end:UInt32})
            AND Kind IN ('Server', 'Consumer') AND Service IN {services:Array(String)}
    ) AS e
    GROUP BY at, i, source
)
ORDER BY at, i, source DESC
LIMIT 1 BY at, i`,
    {
      asked: rows.map((one) =>
        tuple([
          one.at,
          one.i,
          one.pipeline,
          one.slo.node,
          limitOf(one.slo),
          secondsCell(stepStart(one.since, level.step)),
        ]),
      ),
      services: [...new Set(rows.map(({ slo }) => slo.node))],
      since: Math.min(...rows.map((one) => secondsCell(stepStart(one.since, level.step)))),
      end: secondsCell(end),
    },
  );
  return found.map(counted);
}

async function countRounds(store: Store, asked: readonly Asked[], end: Millis): Promise<Counted[]> {
  const found = await store.rows<Counted>(
    `
SELECT a.1 AS at, a.2 AS i, toFloat64(countIf(Age <= a.6)) AS good, toFloat64(count()) AS total
FROM (
    SELECT Age,
        arrayJoin(arrayFilter(one -> one.3 = Pipeline AND one.4 = Kind AND one.5 = Node AND toUnixTimestamp(Time) > one.7, {asked:Array(Tuple(UInt32, UInt32, String, String, String, Float64, UInt32))})) AS a
    FROM freshness
    WHERE Time > toDateTime({since:UInt32}) AND Time <= toDateTime({end:UInt32}) AND Node IN {nodes:Array(String)} AND NOT isNaN(Age)
)
GROUP BY at, i`,
    {
      asked: asked.map(({ at, i, pipeline, slo, since }) =>
        tuple([at, i, pipeline, slo.kind, slo.node, slo.target, secondsCell(since)]),
      ),
      nodes: [...new Set(asked.map(({ slo }) => slo.node))],
      since: Math.min(...asked.map(({ since }) => secondsCell(since))),
      end: secondsCell(end),
    },
  );
  return found.map(counted);
}

function tuple(values: readonly (string | number)[]): TupleParam {
  return new TupleParam(values);
}

function counted(row: Counted): Counted {
  return { at: numberOf(row.at), i: numberOf(row.i), good: numberOf(row.good), total: numberOf(row.total) };
}
