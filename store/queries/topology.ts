import type { EdgeKind, NodeKind } from '../../core/node.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';
import { type Flow, flowEnds, readFlows } from './flows.ts';
import { latestLags } from './lags.ts';

/** A node is known by pipeline, kind and name: a topic and a service may share a name. */
export interface TopologyNode {
  readonly pipeline: string;
  readonly node: string;
  readonly kind: NodeKind;
  /** kafka, postgresql, http and so on; '' for services. */
  readonly system: string;
  readonly consoleUrl: string;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** `produces`: service to topic. `consumes`: topic to service, with its group. `calls`: service to database, external or service. */
export interface TopologyEdge {
  readonly pipeline: string;
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly group: string;
  readonly lastSeen: Millis;
}

/** An edge with what went over it. */
export interface LiveEdge extends TopologyEdge {
  readonly fromKind: NodeKind;
  readonly toKind: NodeKind;
  /** Records (or calls) per second; 0 when nothing came. */
  readonly rate: number;
  /** Seconds, of the reporting service's spans; NaN without calls. */
  readonly p95: number;
  /** Failed calls over all, 0..1; NaN without calls. */
  readonly errorRatio: number;
  /** Of consuming edges: records waiting, and seconds behind; NaN where not measured. */
  readonly lag: number;
  readonly lagSeconds: number;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly LiveEdge[];
}

export interface TopologyQuery {
  /** The window of the rates, unix milliseconds. */
  readonly since: Millis;
  readonly until: Millis;
  readonly pipeline?: string;
  /** How long a node stays in the picture after it was last seen, milliseconds. Default one day. */
  readonly rememberFor?: Millis;
}

const DAY_MS = 86_400_000;

/** The graph as known at `until`, its edges with the traffic of [since, until). */
export async function readTopology(store: Store, query: TopologyQuery): Promise<Topology> {
  const seen = { after: query.until - (query.rememberFor ?? DAY_MS), before: query.until };
  const [nodes, edges, flows, lags] = await Promise.all([
    readNodes(store, seen),
    readEdges(store, seen.after),
    readFlows(store, query.since, query.until),
    latestLags(store, query.until),
  ]);
  const here = (item: { readonly pipeline: string }) =>
    query.pipeline === undefined || item.pipeline === query.pipeline;
  const kinds = new Set(nodes.map((node) => JSON.stringify([node.pipeline, node.node, node.kind])));
  const calledKind = (edge: TopologyEdge): NodeKind =>
    (['database', 'external'] as const).find((kind) => kinds.has(JSON.stringify([edge.pipeline, edge.to, kind]))) ??
    'service';
  const traffic = new Map(flows.map((flow) => [edgeKey({ ...flow, ...flowEnds(flow) }), flow]));
  const lagOf = new Map(lags.map((lag) => [JSON.stringify([lag.pipeline, lag.stage, lag.topic, lag.group]), lag]));
  const seconds = (query.until - query.since) / 1000;
  return {
    nodes: nodes.filter(here),
    edges: edges.filter(here).map((edge) => {
      const flow: Flow | undefined = traffic.get(edgeKey(edge));
      const lag = lagOf.get(JSON.stringify([edge.pipeline, edge.to, edge.from, edge.group]));
      return {
        ...edge,
        fromKind: edge.kind === 'consumes' ? 'topic' : 'service',
        toKind: edge.kind === 'produces' ? 'topic' : edge.kind === 'consumes' ? 'service' : calledKind(edge),
        rate: flow ? flow.messages / seconds : 0,
        p95: flow?.p95 ?? Number.NaN,
        errorRatio: flow ? flow.errors / flow.calls : Number.NaN,
        lag: edge.kind === 'consumes' ? (lag?.lag ?? Number.NaN) : Number.NaN,
        lagSeconds: edge.kind === 'consumes' ? (lag?.lagSeconds ?? Number.NaN) : Number.NaN,
      };
    }),
  };
}

/** Names an edge: its time aside, two edges with one key are the same. */
export function edgeKey(edge: Omit<TopologyEdge, 'lastSeen'>): string {
  return JSON.stringify([edge.pipeline, edge.kind, edge.from, edge.to, edge.group]);
}

export async function readNodes(
  store: Store,
  seen: { readonly after: Millis; readonly before: Millis },
): Promise<TopologyNode[]> {
  const rows = await store.rows<TopologyNode>(
    `
SELECT Pipeline AS pipeline, Node AS node, Kind AS kind, System AS system, ConsoleUrl AS consoleUrl,
    toUnixTimestamp(FirstSeen) * 1000 AS firstSeen, toUnixTimestamp(LastSeen) * 1000 AS lastSeen
FROM topology_nodes FINAL
WHERE LastSeen >= toDateTime({after:UInt32}) AND FirstSeen < toDateTime({before:UInt32})
ORDER BY pipeline, kind, node`,
    { after: secondsCell(seen.after), before: secondsCell(seen.before) + 1 },
  );
  return rows.map((row) => ({ ...row, firstSeen: numberOf(row.firstSeen), lastSeen: numberOf(row.lastSeen) }));
}

export async function readEdges(store: Store, seenAfter: Millis): Promise<TopologyEdge[]> {
  const rows = await store.rows<TopologyEdge>(
    `
SELECT Pipeline AS pipeline, \`From\` AS from, \`To\` AS to, Kind AS kind, \`Group\` AS group,
    toUnixTimestamp(LastSeen) * 1000 AS lastSeen
FROM topology_edges FINAL
WHERE LastSeen >= toDateTime({after:UInt32})
ORDER BY pipeline, kind, from, to, group`,
    { after: secondsCell(seenAfter) },
  );
  return rows.map((row) => ({ ...row, lastSeen: numberOf(row.lastSeen) }));
}

/** Writes nodes as last seen; `firstSeen` must be carried over from what was read. */
export async function writeNodes(store: Store, nodes: readonly TopologyNode[]): Promise<void> {
  if (nodes.length === 0) return;
  const rows = nodes.map((node) => ({
    Pipeline: node.pipeline,
    Node: node.node,
    Kind: node.kind,
    System: node.system,
    ConsoleUrl: node.consoleUrl,
    FirstSeen: secondsCell(node.firstSeen),
    LastSeen: secondsCell(node.lastSeen),
  }));
  await store.insert('topology_nodes', rows);
}

export async function writeEdges(store: Store, edges: readonly TopologyEdge[]): Promise<void> {
  if (edges.length === 0) return;
  const rows = edges.map((edge) => ({
    Pipeline: edge.pipeline,
    From: edge.from,
    To: edge.to,
    Kind: edge.kind,
    Group: edge.group,
    LastSeen: secondsCell(edge.lastSeen),
  }));
  await store.insert('topology_edges', rows);
}

/** A stage with entry or output spans. */
export interface StageSeen {
  readonly pipeline: string;
  readonly stage: string;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** Stages that handled or sent anything in [from, to), whether or not anything else is known of them. */
export async function readStagesSeen(store: Store, from: Millis, to: Millis): Promise<StageSeen[]> {
  const rows = await store.rows<StageSeen>(
    `
SELECT Pipeline AS pipeline, Service AS stage,
    toUnixTimestamp(min(Time)) * 1000 AS firstSeen, toUnixTimestamp(max(Time)) * 1000 AS lastSeen
FROM red_10s
WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32})
    AND Kind IN ('Server', 'Consumer', 'Producer') AND Count > 0
GROUP BY pipeline, stage
ORDER BY pipeline, stage`,
    { from: secondsCell(from), to: secondsCell(to) },
  );
  return rows.map((row) => ({ ...row, firstSeen: numberOf(row.firstSeen), lastSeen: numberOf(row.lastSeen) }));
}
