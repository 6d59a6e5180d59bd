import type { EdgeKind, NodeKind } from '../../core/node.ts';
import { type Millis, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { quantilesSql } from './buckets.ts';
import { numberOf, secondsCell } from './cells.ts';
import { LEVELS, type Level } from './level.ts';

/** What went over one edge of the graph in a range, seen from the service that reported it. */
export interface Flow {
  readonly pipeline: string;
  readonly service: string;
  readonly kind: Extract<EdgeKind, 'produces' | 'consumes' | 'calls'>;
  /** Topic, database or called host; never ''. */
  readonly other: string;
  readonly otherKind: Extract<NodeKind, 'topic' | 'database' | 'external'>;
  readonly system: string;
  readonly group: string;
  /** Calls, and the records they carried (equal where a call carries one). */
  readonly calls: number;
  readonly messages: number;
  readonly errors: number;
  /** Seconds; NaN without calls. */
  readonly p95: number;
  /** Start of the first and the last ten seconds (in a long range: of a longer rollup) in which something went over it. */
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** A range is read from the coarsest rollup it has so many rows of; its ends are blurred by one of them. */
const LEAST_ROWS = 120;

/**
 * Flows of [from, to): producer spans write to a topic, consumer spans read one, client spans call a database or another service. Client
 * spans on a broker (polls, acknowledgements) are not flows. Where spans and metrics tell of one flow, spans count. `asked` is the rollup to
 * read where the range's own is deleted.
 */
export async function readFlows(store: Store, from: Millis, to: Millis, asked?: Level): Promise<Flow[]> {
  const level = asked ?? LEVELS.findLast(({ step }) => (to - from) / step >= LEAST_ROWS) ?? LEVELS[0];
  const rows = await store.rows<Flow>(
    `
SELECT pipeline, service, kind, other, otherKind, system, group, calls, messages, errors, p95,
    firstSeen, lastSeen
FROM (
    SELECT Pipeline AS pipeline, Service AS service,
        transform(Kind, ['Producer', 'Consumer', 'Client'], ['produces', 'consumes', 'calls'], '') AS kind,
        if(Destination != '', Destination, DestinationSystem) AS other,
        DestinationKind AS otherKind, max(DestinationSystem) AS system, ConsumerGroup AS group, Source AS source,
        toFloat64(sum(Count)) AS calls, toFloat64(sum(Messages)) AS messages, toFloat64(sum(Errors)) AS errors,
        ${quantilesSql([0.95])}[1] AS p95,
        toUnixTimestamp(min(Time)) * 1000 AS firstSeen, toUnixTimestamp(max(Time)) * 1000 AS lastSeen
    FROM ${level.edges}
    WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32})
        AND ((Kind IN ('Producer', 'Consumer') AND DestinationKind = 'topic')
            OR (Kind = 'Client' AND DestinationKind IN ('database', 'external')))
    GROUP BY pipeline, service, kind, other, otherKind, group, source
    HAVING other != '' AND calls > 0
)
ORDER BY pipeline, service, kind, otherKind, other, group, source DESC
LIMIT 1 BY pipeline, service, kind, otherKind, other, group`,
    level === LEVELS[0]
      ? { from: secondsCell(from), to: secondsCell(to) }
      : { from: secondsCell(stepStart(from, level.step)), to: secondsCell(to) },
  );
  return rows.map((row) => ({
    ...row,
    p95: numberOf(row.p95),
    firstSeen: numberOf(row.firstSeen),
    lastSeen: numberOf(row.lastSeen),
  }));
}

/** The ends of a flow in the direction of the data: a consumer stands behind its topic. */
export function flowEnds(flow: Pick<Flow, 'kind' | 'service' | 'other'>): {
  readonly from: string;
  readonly to: string;
} {
  return flow.kind === 'consumes' ? { from: flow.other, to: flow.service } : { from: flow.service, to: flow.other };
}
