import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, numberOf, secondsCell } from './cells.ts';
import type { PathwayDirection } from './pathways.ts';

/**
 * `learning`: too little is known; `idle`: nothing was sent; `waiting`: records are on their way and nothing has settled lately; `conserved`;
 * `surplus`: more arrive than usual, as when records are handled twice; `dropping`: some are missing; `stopped`: none arrive; `left`: none
 * arrive because who should read them is not there.
 */
export const CONSERVATION_STATES = [
  'learning',
  'idle',
  'waiting',
  'conserved',
  'surplus',
  'dropping',
  'stopped',
  'left',
] as const;
export type ConservationState = (typeof CONSERVATION_STATES)[number];

/** `edge`: a checkpoint and its parent; `pathway`: the last checkpoint of a pathway and its origin. */
export const CONSERVATION_KINDS = ['edge', 'pathway'] as const;
export type ConservationKind = (typeof CONSERVATION_KINDS)[number];

/** Two checkpoints whose counts are compared: `service` and what follows are of the later one. */
export interface ConservedEdge {
  readonly pipeline: string;
  readonly kind: ConservationKind;
  readonly from: string;
  readonly to: string;
  readonly fromService: string;
  readonly service: string;
  readonly direction: PathwayDirection;
  readonly destination: string;
  readonly group: string;
}

/** How many of the records that left one checkpoint reached another, as judged at a time. NaN where not known. */
export interface Conservation extends ConservedEdge {
  readonly time: Millis;
  readonly state: ConservationState;
  /** Records of the stretch of `seconds` that is told of, at either checkpoint, and the expected ratio of them. */
  readonly sent: number;
  readonly reached: number;
  readonly ratio: number;
  readonly seconds: number;
  /** Missing records as a share of the expected, and how many sigmas that is. */
  readonly missing: number;
  readonly sigmas: number;
  /** Seconds until a window is judged. */
  readonly settle: number;
  /** The smallest share whose loss would be noticed at the present volume. */
  readonly detectable: number;
  /** Seconds until a drop of 1 % and of 0.1 % would be noticed; NaN where it would not within three hours. */
  readonly delay1: number;
  readonly delay01: number;
  readonly reason: string;
}

export async function writeConservation(store: Store, rows: readonly Conservation[]): Promise<void> {
  if (rows.length === 0) return;
  await store.insert(
    'conservation',
    rows.map((row) => ({
      Time: secondsCell(row.time),
      Pipeline: row.pipeline,
      Kind: row.kind,
      FromHash: row.from,
      ToHash: row.to,
      FromService: row.fromService,
      Service: row.service,
      Direction: row.direction,
      Destination: row.destination,
      ConsumerGroup: row.group,
      State: row.state,
      Records: floatCell(row.sent),
      Reached: floatCell(row.reached),
      Ratio: floatCell(row.ratio),
      Missing: floatCell(row.missing),
      Sigmas: floatCell(row.sigmas),
      Seconds: Math.round(row.seconds),
      Settle: floatCell(row.settle),
      Detectable: floatCell(row.detectable),
      Delay1: floatCell(row.delay1),
      Delay01: floatCell(row.delay01),
      Reason: row.reason,
    })),
  );
}

export interface ConservationQuery {
  readonly from: Millis;
  readonly to: Millis;
  readonly pipeline?: string;
  readonly kind?: ConservationKind;
  /** Hash of the later checkpoint. */
  readonly to_hash?: string;
  /** At most so many rows. Default 2 000. */
  readonly limit?: number;
}

const MOST_ROWS = 2000;

/** The newest judgement of each pair in [from, to), the worst first: stopped and dropping ones before the rest. */
export function readLatestConservation(store: Store, query: ConservationQuery): Promise<Conservation[]> {
  return read(
    store,
    query,
    `SELECT * FROM (${SELECT} ORDER BY Time DESC LIMIT 1 BY Pipeline, Kind, ToHash, FromHash)
ORDER BY indexOf(['stopped', 'dropping'], state) = 0, missing DESC, pipeline, kind, to, from LIMIT {limit:UInt32}`,
  );
}

/** The judgements in [from, to), oldest first; of more than `limit` the newest. */
export function readConservation(store: Store, query: ConservationQuery): Promise<Conservation[]> {
  return read(
    store,
    query,
    `SELECT * FROM (${SELECT} ORDER BY Time DESC, Pipeline, Kind, ToHash, FromHash LIMIT {limit:UInt32})
ORDER BY time, pipeline, kind, to, from`,
  );
}

/** A change of a pair's verdict: the first row in which it was told. */
export interface ConservationTurn extends Pick<ConservedEdge, 'kind' | 'from' | 'to'> {
  readonly time: Millis;
  readonly state: ConservationState;
  readonly seconds: number;
  readonly settle: number;
}

/** The changes of verdict in [from, to), oldest first, of the pairs that dropped records in it: states that are no verdict are passed over. */
export async function readConservationTurns(
  store: Store,
  query: { readonly from: Millis; readonly to: Millis },
): Promise<ConservationTurn[]> {
  const range = 's.Time >= toDateTime({since:UInt32}) AND s.Time < toDateTime({until:UInt32})';
  const rows = await store.rows<ConservationTurn>(
    `
SELECT toUnixTimestamp(Time) * 1000 AS time, Kind AS kind, FromHash AS from, ToHash AS to, State AS state, Seconds AS seconds, Settle AS settle
FROM (
    SELECT s.Time AS Time, Kind, FromHash, ToHash, State, Seconds, Settle,
        lagInFrame(toString(State), 1, '') OVER (
            PARTITION BY Kind, FromHash, ToHash ORDER BY s.Time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS Before
    FROM conservation AS s
    WHERE ${range} AND State IN ('conserved', 'surplus', 'dropping')
        AND (Kind, FromHash, ToHash) IN (SELECT Kind, FromHash, ToHash FROM conservation AS s WHERE ${range} AND State = 'dropping')
)
WHERE State != Before
ORDER BY time, kind, to, from`,
    { since: secondsCell(query.from), until: Math.ceil(query.to / 1000) },
    EXACT_FLOATS,
  );
  return rows.map((row) => ({
    ...row,
    time: numberOf(row.time),
    seconds: numberOf(row.seconds),
    settle: numberOf(row.settle),
  }));
}

const SELECT = `
SELECT toUnixTimestamp(s.Time) * 1000 AS time, Pipeline AS pipeline, Kind AS kind, FromHash AS from, ToHash AS to,
    FromService AS fromService, Service AS service, Direction AS direction, Destination AS destination, ConsumerGroup AS group,
    State AS state, Records AS sent, Reached AS reached, Ratio AS ratio, Missing AS missing, Sigmas AS sigmas, Seconds AS seconds,
    Settle AS settle, Detectable AS detectable, Delay1 AS delay1, Delay01 AS delay01, Reason AS reason
FROM conservation AS s
WHERE s.Time >= toDateTime({since:UInt32}) AND s.Time < toDateTime({until:UInt32})
    AND ({anyPipeline:Bool} OR Pipeline = {pipeline:String}) AND ({anyKind:Bool} OR Kind = {kind:String})
    AND ({anyHash:Bool} OR ToHash = {hash:String})`;

async function read(store: Store, query: ConservationQuery, sql: string): Promise<Conservation[]> {
  const rows = await store.rows<Conservation>(
    sql,
    {
      since: secondsCell(query.from),
      until: Math.ceil(query.to / 1000),
      anyPipeline: query.pipeline === undefined,
      pipeline: query.pipeline ?? '',
      anyKind: query.kind === undefined,
      kind: query.kind ?? '',
      anyHash: query.to_hash === undefined,
      hash: query.to_hash ?? '',
      limit: query.limit ?? MOST_ROWS,
    },
    EXACT_FLOATS,
  );
  return rows.map((row) => ({
    ...row,
    time: numberOf(row.time),
    sent: numberOf(row.sent),
    reached: numberOf(row.reached),
    ratio: numberOf(row.ratio),
    missing: numberOf(row.missing),
    sigmas: numberOf(row.sigmas),
    seconds: numberOf(row.seconds),
    settle: numberOf(row.settle),
    detectable: numberOf(row.detectable),
    delay1: numberOf(row.delay1),
    delay01: numberOf(row.delay01),
  }));
}
