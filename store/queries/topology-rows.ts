import type { EdgeKind, NodeKind } from '../../core/node.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';

/** When something was seen: ever first, since when without a long silence, and last. */
export interface Sight {
  readonly firstSeen: Millis;
  readonly since: Millis;
  readonly lastSeen: Millis;
}

/** A node is known by pipeline, kind and name: a topic and a service may share a name. */
export interface TopologyNode extends Sight {
  readonly pipeline: string;
  readonly node: string;
  readonly kind: NodeKind;
  /** kafka, postgresql, http, flink and so on; '' for services. */
  readonly system: string;
  readonly consoleUrl: string;
}

/** An edge in the direction of the data (of a call: towards what is called); `group` where a topic is read. */
export interface TopologyEdge extends Sight {
  readonly pipeline: string;
  readonly from: string;
  readonly fromKind: NodeKind;
  readonly to: string;
  readonly toKind: NodeKind;
  readonly kind: EdgeKind;
  readonly group: string;
}

/** Names a node: its times aside, two nodes with one key are the same. */
export function nodeKey(node: Pick<TopologyNode, 'pipeline' | 'kind' | 'node'>): string {
  return JSON.stringify([node.pipeline, node.kind, node.node]);
}

/** Names an edge: its times aside, two edges with one key are the same, whatever kind of stage stands at its end. */
export function edgeKey(edge: Pick<TopologyEdge, 'pipeline' | 'kind' | 'from' | 'to' | 'group'>): string {
  return JSON.stringify([edge.pipeline, edge.kind, edge.from, edge.to, edge.group]);
}

/** A range of sights, unix milliseconds: seen at or after `after`, and first seen up to `before`. */
export interface SeenRange {
  readonly after: Millis;
  readonly before: Millis;
}

/** Each node seen in the range, in its newest spell that had begun; `lastSeen` never lies after the range. */
export async function readNodes(store: Store, seen: SeenRange): Promise<TopologyNode[]> {
  const rows = await store.rows<TopologyNode>(
    `
SELECT Pipeline AS pipeline, Node AS node, Kind AS kind, System AS system, ConsoleUrl AS consoleUrl, ${sightSql}
FROM topology_nodes FINAL
WHERE LastSeen >= toDateTime({after:UInt32}) AND if(Since = 0, FirstSeen, Since) < toDateTime({before:UInt32})
ORDER BY pipeline, kind, node, since DESC
LIMIT 1 BY pipeline, kind, node`,
    { after: secondsCell(seen.after), before: secondsCell(seen.before) + 1 },
  );
  return rows.map((row) => ({ ...row, ...sightOf(row, seen.before) }));
}

/** Each edge seen in the range, as `readNodes` reads nodes. */
export async function readEdges(store: Store, seen: SeenRange): Promise<TopologyEdge[]> {
  const rows = await store.rows<TopologyEdge>(
    `
SELECT Pipeline AS pipeline, \`From\` AS from, \`To\` AS to, Kind AS kind, \`Group\` AS group,
    if(FromKind != '', FromKind, if(Kind = 'consumes', 'topic', 'service')) AS fromKind,
    if(ToKind != '', ToKind, if(Kind = 'produces', 'topic', 'service')) AS toKind, ${sightSql}
FROM topology_edges FINAL
WHERE LastSeen >= toDateTime({after:UInt32}) AND Since < toDateTime({before:UInt32})
ORDER BY pipeline, kind, from, to, group, since DESC
LIMIT 1 BY pipeline, kind, from, to, group`,
    { after: secondsCell(seen.after), before: secondsCell(seen.before) + 1 },
  );
  return rows.map((row) => ({ ...row, ...sightOf(row, seen.before) }));
}

const sightSql = `toUnixTimestamp(FirstSeen) * 1000 AS firstSeen, toUnixTimestamp(Since) * 1000 AS since, toUnixTimestamp(LastSeen) * 1000 AS lastSeen`;

/** What was not told before spells were kept is taken from what was. */
function sightOf(row: Sight, before: Millis): Sight {
  const lastSeen = Math.min(numberOf(row.lastSeen), before);
  const firstSeen = Math.min(numberOf(row.firstSeen) || numberOf(row.since) || lastSeen, lastSeen);
  return { firstSeen, since: numberOf(row.since) || firstSeen, lastSeen };
}

/** Writes nodes as last seen; `firstSeen` and `since` must be carried over from what was read. */
export async function writeNodes(store: Store, nodes: readonly TopologyNode[]): Promise<void> {
  const rows = nodes.map((node) => ({
    Pipeline: node.pipeline,
    Node: node.node,
    Kind: node.kind,
    System: node.system,
    ConsoleUrl: node.consoleUrl,
    ...sightCells(node),
  }));
  if (rows.length > 0) await store.insert('topology_nodes', rows);
}

export async function writeEdges(store: Store, edges: readonly TopologyEdge[]): Promise<void> {
  const rows = edges.map((edge) => ({
    Pipeline: edge.pipeline,
    From: edge.from,
    To: edge.to,
    Kind: edge.kind,
    Group: edge.group,
    FromKind: edge.fromKind,
    ToKind: edge.toKind,
    ...sightCells(edge),
  }));
  if (rows.length > 0) await store.insert('topology_edges', rows);
}

function sightCells({ firstSeen, since, lastSeen }: Sight) {
  return { FirstSeen: secondsCell(firstSeen), Since: secondsCell(since), LastSeen: secondsCell(lastSeen) };
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
